// Gaussians into the picture on CUDA devices: projection, harmonics and the exact number of tiles in one
// pass, a thread each. What is behind the camera costs its position alone, what is out of view no harmonics.
//
// Floor: 44 bytes a Gaussian in depth (12 if not) and 12 K (f16: 6 K) a visible one read, 48 a visible one
// and 8 a Gaussian written.
#include "kernels/cuda/launch.h"
#include "kernels/splat/harmonics_cuda.cuh"
#include "kernels/splat/tiles_cuda.cuh"

namespace diorama::cuda {
namespace {

struct ProjectTask {
  DrawingView view;
  GaussianArrays in;
  DeviceSplat* splats;
  float* normals;  // or null
  uint32_t* tile_counts;
  uint32_t* depth_keys;
  uint32_t* block_visible;
  unsigned long long* totals;
};

// Of a Gaussian whose shape is sound: whether its values beyond the shape are finite; its colour.
template <int kCount, int kPack, typename T>
DIO_DEVICE bool color_of(const DrawingView& view, const GaussianArrays& in, int64_t i, const Float3& mean,
                         float (&color)[3]) {
  for (int c = 0; c < in.feature_channels; ++c) {
    if (!is_finite(in.features[i * in.feature_channels + c])) return false;
  }
  float inverse_length;
  const Float3 direction = direction_of(view, mean, inverse_length);
  return evaluate_color<kCount, kPack>(coefficients_of<T>(in) + i * (3 * kCount), direction, view.sh_degree,
                                       color);
}

// The splat of a Gaussian; false where it is not to be drawn.
template <int kCount, int kPack, typename T>
DIO_DEVICE bool project_one(const ProjectTask& task, int64_t i, DeviceSplat& splat) {
  const DrawingView& view = task.view;
  if (!is_in_depth(view, to_camera(view, load_mean(task.in, i)).z)) return false;
  const GaussianShape shape = load_shape(task.in, i);
  if (!shape.is_sound()) return false;
  const Projection g(view, shape);
  const float level = g.log2_opacity - view.log2_floor;
  if (!(g.is_in_view(view) && level > 0)) return false;
  const Sym2<float>& covariance = g.covariance;
  splat.x = g.mean.x, splat.y = g.mean.y;
  splat.root = sqrtf(kHalfLog2E * covariance.yy / g.determinant);
  splat.skew = -covariance.xy / covariance.yy;
  splat.root_y = sqrtf(kHalfLog2E / covariance.yy);
  splat.log2_opacity = g.log2_opacity;
  const float stretch = level * kTwoLn2;
  splat.reach_x = sqrtf(stretch * covariance.xx), splat.reach_y = sqrtf(stretch * covariance.yy);
  splat.depth = g.p.z;
  if (!color_of<kCount, kPack, T>(view, task.in, i, shape.mean, splat.color)) return false;
  if (task.normals) {
    const Float3 normal = ShortestAxis(view, g).normal();
    task.normals[3 * i] = normal.x, task.normals[3 * i + 1] = normal.y, task.normals[3 * i + 2] = normal.z;
  }
  return true;
}

template <int kCount, int kPack, typename T>
__global__ void __launch_bounds__(kProjectBlock) project_kernel(const __grid_constant__ ProjectTask task) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kProjectBlock + threadIdx.x;
  uint32_t tiles = 0, key = kNotVisible;
  if (i < task.in.count) {
    DeviceSplat splat;
    if (project_one<kCount, kPack, T>(task, i, splat)) tiles = tile_count(task.view, splat);
    if (tiles > 0) {
      task.splats[i] = splat;
      key = __float_as_uint(splat.depth);
    }
    task.tile_counts[i] = tiles;
    task.depth_keys[i] = key;
  }
  const int visible = __syncthreads_count(tiles > 0);
  if (threadIdx.x == 0) task.block_visible[blockIdx.x] = static_cast<uint32_t>(visible);
  // Integers: any order gives the same sums.
  unsigned long long pairs = tiles;
#pragma unroll
  for (int step = 16; step > 0; step /= 2) pairs += __shfl_xor_sync(0xFFFFFFFFu, pairs, step);
  if (threadIdx.x % 32 == 0 && pairs > 0) atomicAdd(task.totals + kPairs, pairs);
  if (threadIdx.x == 0 && visible > 0) {
    atomicAdd(task.totals + kVisible, static_cast<unsigned long long>(visible));
  }
}

struct ProjectionOutputs {
  float *means2d, *conics, *depths, *compensations, *colors;
  int32_t* radii;
};

// dio_splat_project: every quantity, of what no tile meets as well.
template <int kCount, int kPack, typename T>
__global__ void __launch_bounds__(kProjectBlock)
    write_projections(const __grid_constant__ DrawingView view, const __grid_constant__ GaussianArrays in,
                      const __grid_constant__ ProjectionOutputs out) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kProjectBlock + threadIdx.x;
  if (i >= in.count) return;
  const GaussianShape shape = load_shape(in, i);
  const Projection g(view, shape);
  float color[3];
  const bool drawn = is_in_depth(view, g.p.z) && shape.is_sound() && g.is_in_view(view) &&
                     color_of<kCount, kPack, T>(view, in, i, shape.mean, color);
  const auto value = [&](float x) { return drawn ? x : 0.0f; };
  if (out.means2d) {
    out.means2d[2 * i] = value(g.mean.x);
    out.means2d[2 * i + 1] = value(g.mean.y);
  }
  if (out.conics) {
    const float inverse = 1 / g.determinant;
    out.conics[3 * i] = value(g.covariance.yy * inverse);
    out.conics[3 * i + 1] = value(-g.covariance.xy * inverse);
    out.conics[3 * i + 2] = value(g.covariance.xx * inverse);
  }
  if (out.depths) out.depths[i] = value(g.p.z);
  if (out.compensations) out.compensations[i] = value(g.compensation);
  if (out.colors) {
    for (int c = 0; c < 3; ++c) out.colors[3 * i + c] = drawn ? color[c] : 0.0f;
  }
  if (out.radii) {
    out.radii[2 * i] = drawn ? static_cast<int32_t>(Projection::radius(g.covariance.xx)) : 0;
    out.radii[2 * i + 1] = drawn ? static_cast<int32_t>(Projection::radius(g.covariance.yy)) : 0;
  }
}

template <typename T, int kCountValue, int kPackValue>
struct Harmonic {
  using type = T;
  static constexpr int kCount = kCountValue, kPack = kPackValue;
};

// body(Harmonic<T, coefficients, elements of a load>()). A Gaussian's coefficients begin at multiples of 16
// bytes where there are 4 or 16 of them, and the tensor does.
template <typename T, typename Body>
void with_count(const GaussianArrays& in, const T* sh, const Body& body) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(sh) % 16 == 0;
  switch (in.coefficients) {
    case 1:
      return body(Harmonic<T, 1, 1>());
    case 4:
      // 24 bytes of f16.
      return aligned ? body(Harmonic<T, 4, 4>()) : body(Harmonic<T, 4, 1>());
    case 9:
      return body(Harmonic<T, 9, 1>());
    default:
      return aligned ? body(Harmonic<T, 16, kPackOf<T>>()) : body(Harmonic<T, 16, 1>());
  }
}

template <typename Body>
void with_harmonics(const GaussianArrays& in, const Body& body) {
  if (in.sh_f16) {
    with_count(in, coefficients_of<f16>(in), body);
  } else {
    with_count(in, in.sh, body);
  }
}

}  // namespace

void project_gaussians(Context& context, const DrawingView& view, const GaussianArrays& in, bool normals,
                       CudaSplatFrame& frame) {
  const unsigned blocks = blocks_for(in.count, kProjectBlock);
  frame.depth_keys = context.scratch_array<uint32_t>(static_cast<std::size_t>(in.count));
  frame.block_visible = context.scratch_array<uint32_t>(blocks);
  unsigned long long* totals = frame.totals.resize(kTotals);
  check_cuda(cudaMemsetAsync(totals, 0, kEvaluations * sizeof(*totals), on_cuda(context).cuda_stream()),
             "splat_render");
  const ProjectTask task = {view,
                            in,
                            frame.splats.resize(in.count),
                            normals ? frame.normals.resize(3 * in.count) : nullptr,
                            frame.tile_counts.resize(in.count),
                            frame.depth_keys,
                            frame.block_visible,
                            totals};
  with_harmonics(in, [&](auto h) {
    using H = decltype(h);
    launch(context, "splat_project", project_kernel<H::kCount, H::kPack, typename H::type>,
           {blocks, kProjectBlock}, task);
  });
  frame.has_normals = normals;
}

void splat_project_cuda(Context& context, const dio_splat_gaussians& gaussians,
                        const dio_splat_camera& camera, const dio_splat_settings& settings,
                        const dio_splat_projection& projection) {
  const GaussianArrays in(gaussians);
  const DrawingView view(camera, settings, in.coefficients, kDeviceTile);
  const auto of = [](const Tensor* tensor) { return tensor ? data<float>(*tensor) : nullptr; };
  const ProjectionOutputs out = {
      of(projection.means2d), of(projection.conics),
      of(projection.depths),  of(projection.compensations),
      of(projection.colors),  projection.radii ? data<int32_t>(*projection.radii) : nullptr};
  with_harmonics(in, [&](auto h) {
    using H = decltype(h);
    launch(context, "splat_project", write_projections<H::kCount, H::kPack, typename H::type>,
           {blocks_for(in.count, kProjectBlock), kProjectBlock}, view, in, out);
  });
}

}  // namespace diorama::cuda
