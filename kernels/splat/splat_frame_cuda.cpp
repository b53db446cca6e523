// What a frame keeps on a device besides its arrays: moments of the stream, and counts on their way to the
// host.
#include <string>

#include "cuda/cuda_context.h"
#include "drawing_cuda.h"
#include "error.h"

namespace diorama::cuda {
namespace {

cudaEvent_t new_event(unsigned flags) {
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, flags), "splat_frame_create");
  return event;
}

}  // namespace

void refuse_while_recording(Context& context, const char* operation) {
  if (!on_cuda(context).recording()) return;
  raise(DIO_STATUS_INVALID_ARGUMENT, std::string(operation) +
                                         " cannot be part of a graph, as its memory depends on what is seen; "
                                         "call it before graph_begin or after graph_end");
}

CudaSplatFrame::CudaSplatFrame(Context& context)
    : splats(context),
      normals(context),
      tile_counts(context),
      pair_starts(context),
      order(context),
      list(context),
      tile_starts(context),
      totals(context),
      context_(context) {
  void* memory = nullptr;
  check_cuda(cudaHostAlloc(&memory, kTotals * sizeof(*known_totals_), cudaHostAllocDefault),
             "splat_frame_create");
  known_totals_ = static_cast<unsigned long long*>(memory);
  for (cudaEvent_t& moment : moments_) moment = new_event(cudaEventDefault);
  totals_here_ = new_event(cudaEventDisableTiming);
}

CudaSplatFrame::~CudaSplatFrame() {
  for (const cudaEvent_t moment : moments_) cudaEventDestroy(moment);
  cudaEventDestroy(totals_here_);
  cudaFreeHost(known_totals_);
}

void CudaSplatFrame::mark(Moment moment) {
  check_cuda(cudaEventRecord(moments_[moment], on_cuda(context_).cuda_stream()), "splat_render");
  marked_[moment] = true;
}

void CudaSplatFrame::forget_marks() {
  for (bool& marked : marked_) marked = false;
}

void CudaSplatFrame::ask_for_totals() {
  const cudaStream_t stream = on_cuda(context_).cuda_stream();
  check_cuda(cudaMemcpyAsync(known_totals_, totals.data(), kTotals * sizeof(*known_totals_),
                             cudaMemcpyDeviceToHost, stream),
             "splat_render");
  check_cuda(cudaEventRecord(totals_here_, stream), "splat_render");
}

void CudaSplatFrame::wait_for_totals() { check_cuda(cudaEventSynchronize(totals_here_), "splat_render"); }

double CudaSplatFrame::milliseconds(Moment from, Moment to) const {
  if (!marked_[from] || !marked_[to]) return 0;
  float taken = 0;
  check_cuda(cudaEventElapsedTime(&taken, moments_[from], moments_[to]), "splat_frame_stats");
  return taken;
}

void CudaSplatFrame::update_stats() {
  if (!marked_[kStart]) return;  // nothing was drawn yet
  ask_for_totals();
  wait_for_totals();
  stats = {.gaussians = gaussians,
           .visible = static_cast<int64_t>(known_totals_[kVisible]),
           .intersections = static_cast<int64_t>(known_totals_[kPairs]),
           .evaluations = static_cast<int64_t>(known_totals_[kEvaluations]),
           .bytes = held_bytes(),
           .project_ms = milliseconds(kStart, kProjected),
           .bin_ms = milliseconds(kSorted, kEmitted),
           .sort_ms = milliseconds(kProjected, kSorted) + milliseconds(kEmitted, kBinned),
           .raster_ms = milliseconds(kBinned, kDrawn),
           .raster_backward_ms = milliseconds(kBackward, kPlayedBack),
           .project_backward_ms = milliseconds(kPlayedBack, kDone)};
}

}  // namespace diorama::cuda
