// The formula as plain loops.
#include "conv3d.h"

#include <algorithm>

#include "kernels/common/elements.h"

namespace diorama {
namespace {

// The tensor that holds pixel (frame, y, x) of the enlarged, padded video, and the pixel's offset in it; null
// for a zero.
struct Pixel {
  const Tensor* tensor;
  int64_t offset;
};

Pixel pixel_at(const Tensor& x, const Tensor* carry, const dio_conv3d_params& p, int64_t b, int64_t frame,
               int64_t y, int64_t column) {
  const int64_t height = x.shape[2] * p.upsample, width = x.shape[3] * p.upsample;
  if (p.padding_mode == DIO_PADDING_REPLICATE) {
    y = std::clamp<int64_t>(y, 0, height - 1);
    column = std::clamp<int64_t>(column, 0, width - 1);
  }
  if (y < 0 || y >= height || column < 0 || column >= width) return {nullptr, 0};
  const Tensor* source = &x;
  frame -= p.frames_before;
  if (frame < 0) {
    if (!carry) return {nullptr, 0};
    source = carry;
    frame += carry->shape[1];
    if (frame < 0) return {nullptr, 0};
  }
  return {source, b * source->strides[0] + frame * source->strides[1] + y / p.upsample * source->strides[2] +
                      column / p.upsample * source->strides[3]};
}

}  // namespace

template <typename Real>
void conv3d_plain(Context&, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                  const Tensor* residual, const dio_conv3d_params& p, const Tensor& out) {
  const Elements<Real> weight(w), result(out);
  const int64_t channels = x.shape[4];
  for_each_index(out, [&](const int64_t* index) {
    Real sum = 0;
    for (int64_t dt = 0; dt < w.shape[1]; ++dt) {
      for (int64_t dy = 0; dy < w.shape[2]; ++dy) {
        for (int64_t dx = 0; dx < w.shape[3]; ++dx) {
          const Pixel pixel =
              pixel_at(x, carry, p, index[0], index[1] * p.stride_t + dt,
                       index[2] * p.stride_h + dy - p.pad_top, index[3] * p.stride_w + dx - p.pad_left);
          if (!pixel.tensor) continue;
          const Elements<Real> in(*pixel.tensor);
          const int64_t tap =
              index[4] * w.strides[0] + dt * w.strides[1] + dy * w.strides[2] + dx * w.strides[3];
          for (int64_t c = 0; c < channels; ++c) sum += in[pixel.offset + c] * weight[tap + c];
        }
      }
    }
    if (bias) sum += Elements<Real>(*bias)[index[4] * bias->strides[0]];
    if (residual) sum += Elements<Real>(*residual)[offset_at(*residual, index)];
    result.set(offset_at(out, index), sum);
  });
}

template void conv3d_plain<float>(Context&, const Tensor&, const Tensor*, const Tensor&, const Tensor*,
                                  const Tensor*, const dio_conv3d_params&, const Tensor&);
template void conv3d_plain<double>(Context&, const Tensor&, const Tensor*, const Tensor&, const Tensor*,
                                   const Tensor*, const dio_conv3d_params&, const Tensor&);

}  // namespace diorama
