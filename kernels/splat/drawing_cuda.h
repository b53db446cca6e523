#pragma once

// Drawing on a device: what a frame keeps, and the stages in their order.

#include <cuda_runtime.h>

#include "drawing.h"

namespace diorama::cuda {

// Pixels along a side of a tile.
inline constexpr int kDeviceTile = 16;
// Splats of a tile's list that the backward pass takes at a time: states of the pixels lie between buckets.
inline constexpr int kBucket = 64;

// A Gaussian in the picture, three loads of 16 bytes. log2 alpha = log2_opacity - (root (dx + skew dy))^2 -
// (root_y dy)^2: the conic's Cholesky factor, scaled for powers of two, so that no rounding makes the
// exponent positive.
struct alignas(16) DeviceSplat {
  float x, y, root, skew;
  float root_y, log2_opacity;
  float reach_x, reach_y;  // half the sides of the box in which alpha reaches alpha_min, plus slack
  float color[3];
  float depth;
};
static_assert(sizeof(DeviceSplat) == 48);

// Gaussians that a block projects.
inline constexpr int kProjectBlock = 256;
// The depth key of what is not visible.
inline constexpr uint32_t kNotVisible = 0xFFFFFFFFu;
// CudaSplatFrame::totals.
enum Total { kVisible, kPairs, kEvaluations, kTotals };
// Moments of a rendering and its backward pass: the stages lie between them.
enum Moment { kStart, kProjected, kSorted, kEmitted, kBinned, kDrawn, kBackward, kPlayedBack, kDone, kMarks };

// Gaussians keep their own numbers: what is not visible has a tile_count of 0, and nothing else of it has a
// meaning.
class CudaSplatFrame final : public SplatFrame {
 public:
  explicit CudaSplatFrame(Context& context);
  CudaSplatFrame(const CudaSplatFrame&) = delete;
  CudaSplatFrame& operator=(const CudaSplatFrame&) = delete;
  ~CudaSplatFrame() override;

  FrameArray<DeviceSplat> splats;    // [N]
  FrameArray<float> normals;         // [N, 3]; only where asked for
  FrameArray<uint32_t> tile_counts;  // [N] tiles that a Gaussian touches
  FrameArray<uint32_t> pair_starts;  // [N] where a Gaussian's pairs begin among all, front to back
  FrameArray<int32_t> order;         // [visible] Gaussians, front to back; at equal depth the lower first
  FrameArray<int32_t> list;          // [intersections] Gaussians, tile by tile, front to back
  FrameArray<uint32_t> tile_starts;  // [tiles + 1] into list
  FrameArray<unsigned long long> totals;  // [kTotals]
  int64_t visible = 0;                    // known to the host once bin_to_tiles has returned; bounds where
  int64_t intersections = 0;              // the frame needed no count
  bool has_normals = false;
  // Of project_gaussians for bin_to_tiles, scratch memory of one rendering.
  uint32_t* depth_keys = nullptr;     // [N] the depth's bits, kNotVisible where nothing is to be drawn
  uint32_t* block_visible = nullptr;  // visible ones of each kProjectBlock

  // Notes when the stream gets here.
  void mark(Moment moment);
  void forget_marks();
  // The totals as the host knows them after wait_for_totals().
  void ask_for_totals();
  void wait_for_totals();
  const unsigned long long* known_totals() const { return known_totals_; }
  void update_stats() override;

  int64_t held_bytes() const {
    return splats.bytes() + normals.bytes() + tile_counts.bytes() + pair_starts.bytes() + order.bytes() +
           list.bytes() + tile_starts.bytes() + totals.bytes();
  }

 private:
  double milliseconds(Moment from, Moment to) const;

  Context& context_;
  cudaEvent_t moments_[kMarks] = {};
  bool marked_[kMarks] = {};
  cudaEvent_t totals_here_ = nullptr;
  unsigned long long* known_totals_ = nullptr;  // pinned
};

// Gradients of the pairs of a Gaussian and a tile: pair p of Gaussian i, which is the p-th tile that
// for_each_tile (tiles_cuda.cuh) visits, at (pair_starts[i] + p) * slots. kMoments first, then the channels
// in ChannelSet's order.
struct PairGradients {
  float* values = nullptr;  // [intersections, slots]
  int slots = 0;            // kMoments + channels.count
};

// The order of a rendering: project_gaussians, bin_to_tiles, rasterize. All in the context's stream; errors
// are thrown. Pointers are device memory.
//
// Fills splats, tile_counts and, where asked for, normals.
void project_gaussians(Context&, const DrawingView&, const GaussianArrays&, bool normals, CudaSplatFrame&);
// Fills pair_starts, order, list, tile_starts, visible and intersections. The one place where the host waits.
void bin_to_tiles(Context&, const DrawingView&, int64_t gaussians, CudaSplatFrame&);
// Draws; adds how many alphas were computed to *evaluations (device memory).
void rasterize(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
               const dio_splat_images&, unsigned long long* evaluations);

// Fills the gradients of all pairs. Any order of blocks gives the same bits.
void rasterize_backward(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
                        const dio_splat_images& image_gradients, const ChannelSet&, const PairGradients&);
// Sums the pairs of each Gaussian, goes back through the projection and writes or adds `gradients`.
void project_gaussians_backward(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
                                const ChannelSet&, const PairGradients&, bool accumulate,
                                const dio_splat_gradients& gradients);

// Throws Error when the context is recording a graph: how much memory a picture and its gradients need
// depends on what is seen, which the host must know.
void refuse_while_recording(Context&, const char* operation);

void splat_project_cuda(Context&, const dio_splat_gaussians&, const dio_splat_camera&,
                        const dio_splat_settings&, const dio_splat_projection&);

}  // namespace diorama::cuda
