// Which kernel convolves, and how the pixels are cut into tiles.
#include <algorithm>
#include <cstdint>

#include "kernels/codec/codec_cuda.h"
#include "kernels/codec/conv3d_plan.h"
#include "cuda/cuda_context.h"

namespace diorama::cuda {
namespace {

// Indices inside a frame are 32 bits wide on the device.
int narrow(int64_t size, const char* what) {
  if (size > (int64_t{1} << 28)) {
    raise(DIO_STATUS_INVALID_ARGUMENT,
          std::string("conv3d: ") + what + " is " + std::to_string(size) + ", expected at most 2^28 on cuda");
  }
  return static_cast<int>(size);
}

void take_strides(int64_t (&to)[4], const Tensor& tensor) { std::copy_n(tensor.strides, 4, to); }

// Whether runs of `count` channels are aligned in all but the innermost axis.
bool in_packs(const Tensor* tensor, int64_t count) {
  if (tensor == nullptr) return true;
  for (int i = 0; i < tensor->rank - 1; ++i) {
    if (tensor->shape[i] > 1 && tensor->strides[i] % count != 0) return false;
  }
  const auto bytes = static_cast<std::uintptr_t>(count * element_size(tensor->dtype));
  return tensor->shape[tensor->rank - 1] % count == 0 &&
         reinterpret_cast<std::uintptr_t>(tensor->data) % bytes == 0;
}

// How large a patch is for a tile of 2^log2 columns.
struct Patch {
  int width, height;
  int pixels() const { return width * height; }
};

int halo_size(int tile, int stride, int kernel, int shift) {
  const int span = (tile - 1) * stride + kernel;
  return shift == 0 ? span : span / 2 + 1;
}

Patch patch_of(const Conv3dPlan& plan, int rows, int log2, bool halo) {
  const int width = 1 << log2, height = rows >> log2;
  if (!halo) return {width, height};
  return {halo_size(width, plan.stride_w, plan.kernel_w, plan.enlarge_shift),
          halo_size(height, plan.stride_h, plan.kernel_h, plan.enlarge_shift)};
}

int tiles_of(int size, int tile) { return (size + tile - 1) / tile; }

}  // namespace

Conv3dPlan plan_conv3d(const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                       const Tensor* residual, const dio_conv3d_params& params, const Tensor& out,
                       const Conv3dTiling& tiling, std::size_t shared_limit) {
  const int rows = tiling.pixels;
  Conv3dPlan plan;
  plan.x = x.data;
  plan.w = w.data;
  plan.x_dtype = x.dtype;
  plan.w_dtype = w.dtype;
  take_strides(plan.x_strides, x);
  take_strides(plan.w_strides, w);
  if (carry) {
    plan.carry = carry->data;
    take_strides(plan.carry_strides, *carry);
    plan.carried = narrow(carry->shape[1], "the number of carried frames");
  }
  plan.height = narrow(x.shape[2], "the height of x");
  plan.width = narrow(x.shape[3], "the width of x");
  plan.channels = narrow(x.shape[4], "the number of x's channels");
  plan.kernel_t = narrow(w.shape[1], "w's size in time");
  plan.kernel_h = narrow(w.shape[2], "w's height");
  plan.kernel_w = narrow(w.shape[3], "w's width");
  plan.stride_t = params.stride_t;
  plan.stride_h = params.stride_h;
  plan.stride_w = params.stride_w;
  plan.frames_before = params.frames_before;
  plan.pad_top = params.pad_top;
  plan.pad_left = params.pad_left;
  plan.enlarge_shift = params.upsample - 1;
  plan.replicate = params.padding_mode == DIO_PADDING_REPLICATE;
  plan.bias = AnyFloats(bias);
  if (residual) {
    plan.residual = residual->data;
    take_strides(plan.residual_strides, *residual);
  }
  plan.out = out.data;
  plan.out_dtype = out.dtype;
  plan.out_frames = narrow(out.shape[1], "the number of out's frames");
  plan.out_height = narrow(out.shape[2], "the height of out");
  plan.out_width = narrow(out.shape[3], "the width of out");
  plan.out_channels = narrow(out.shape[4], "the number of out's channels");
  plan.out_packs = in_packs(&out, 4) && in_packs(residual, 4);
  plan.column_tiles = tiles_of(plan.out_channels, tiling.columns);

  // The tile whose shape wastes least: pixels beyond the picture are multiplied too, those of a halo read.
  const std::size_t ring = static_cast<std::size_t>(tiling.stages) * tiling.columns * tiling.row_bytes;
  int64_t best = -1;
  for (const bool halo : {true, false}) {
    const int taps = halo ? std::min(plan.kernel_h, kAhead) * std::min(plan.kernel_w, kAhead) : 1;
    const int patch_count = 1 + tiles_of(kAhead, taps);
    for (int log2 = 3; (1 << log2) <= rows; ++log2) {
      if (halo && (plan.kernel_h > kMaxPatchPixels || plan.kernel_w > kMaxPatchPixels)) continue;
      const Patch patch = patch_of(plan, rows, log2, halo);
      if (int64_t{patch.width} * patch.height > kMaxPatchPixels || patch.width > 256) continue;
      const std::size_t bytes =
          std::max(ring + static_cast<std::size_t>(patch_count) * patch.pixels() * tiling.row_bytes,
                   tiling.staging_bytes);
      if (halo && bytes > shared_limit) continue;
      const int tiles_x = tiles_of(plan.out_width, 1 << log2);
      const int tiles_y = tiles_of(plan.out_height, rows >> log2);
      const int64_t cost = int64_t{tiles_x} * tiles_y * (4 * rows + patch.pixels());
      if (best >= 0 && cost >= best) continue;
      best = cost;
      plan.halo = halo;
      plan.tile_width_log2 = log2;
      plan.tile_height = rows >> log2;
      plan.tiles_x = tiles_x;
      plan.tiles_y = tiles_y;
      plan.patch_width = patch.width;
      plan.patch_pixels = patch.pixels();
      plan.patch_count = patch_count;
      plan.shared_bytes = bytes;
    }
    if (best >= 0) break;
  }
  plan.patch_width_reciprocal = ((1u << kReciprocalShift) + static_cast<unsigned>(plan.patch_width) - 1) /
                                static_cast<unsigned>(plan.patch_width);
  return plan;
}

void conv3d_cuda(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                 const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  if (element_count(out) == 0) return;
  const int64_t vector = 16 / element_size(x.dtype);
  const bool aligned =
      x.dtype == w.dtype && in_packs(&x, vector) && in_packs(carry, vector) && in_packs(&w, vector);
  const bool tensor_cores = x.dtype == w.dtype && x.dtype != DIO_F32;
  if (tensor_cores && aligned && out.dtype != DIO_F32 && out.shape[4] > kFewColumns &&
      on_cuda(context).device().is_hopper()) {
    return conv3d_wgmma(context, x, carry, w, bias, residual, params, out);
  }
  (tensor_cores ? conv3d_mma : conv3d_ffma)(context, x, carry, w, bias, residual, params, out, aligned);
}

}  // namespace diorama::cuda
