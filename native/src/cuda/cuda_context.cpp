#include "cuda_context.h"

#include <algorithm>

#include "error.h"
#include "kernels/linear/register_cuda.h"

namespace diorama::cuda {
namespace {

cudaStream_t new_stream(int device) {
  check_cuda(cudaSetDevice(device), "context_create");
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "context_create");
  return stream;
}

}  // namespace

// Its context has waited for all work.
CudaGraph::~CudaGraph() {
  if (executable_) cudaGraphExecDestroy(executable_);
  pool_->trim();
}

CudaContext::CudaContext(const Operations& operations, const Device& device, int threads)
    : Context(operations, threads),
      device_(device),
      own_stream_(new_stream(device.index)),
      stream_(own_stream_),
      blocks_(device.index,
              [this] {
                if (recording_) return;
                check_cuda(cudaStreamSynchronize(stream_), "memory_allocate");
                pool_.trim();
                blocks_.trim();
              }),
      pool_(blocks_) {}

CudaContext::~CudaContext() {
  cancel_graph();
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(own_stream_);
}

void CudaContext::bind() const { check_cuda(cudaSetDevice(device_.index), "context"); }

std::size_t CudaContext::reserved() const {
  std::size_t bytes = pool_.reserved();
  for (const auto& pool : graph_pools_) bytes += pool->reserved();
  return bytes;
}

void CudaContext::note_peak() { peak_ = std::max(peak_, reserved()); }

void CudaContext::not_while_recording(const char* what) const {
  if (!recording_) return;
  raise(DIO_STATUS_INVALID_ARGUMENT,
        std::string(what) + " cannot be part of a graph; call it before graph_begin or after graph_end");
}

void* CudaContext::scratch(std::size_t bytes) {
  scratch_.reserve(scratch_.size() + 1);
  void* memory = current_pool().allocate(std::max<std::size_t>(bytes, 1));
  scratch_.push_back(memory);
  note_peak();
  return memory;
}

// The blocks are free for the next operation of the stream at once: it runs after this one.
void CudaContext::reset_scratch() {
  bind();
  for (void* memory : scratch_) free(memory);
  scratch_.clear();
}

void* CudaContext::allocate(std::size_t bytes) {
  bind();
  void* memory = current_pool().allocate(bytes);
  note_peak();
  return memory;
}

void CudaContext::free(void* memory) {
  if (pool_.free(memory)) return;
  for (const auto& pool : graph_pools_) {
    if (pool->free(memory)) return;
  }
  raise(DIO_STATUS_INVALID_ARGUMENT,
        "memory_free: memory was not allocated from this context, or has been freed already");
}

void CudaContext::upload(void* to, const void* from, std::size_t bytes) {
  not_while_recording("a copy between host and device");
  staging_.upload(to, from, bytes, stream_);
}

void CudaContext::copy(void* destination, const void* source, std::size_t bytes,
                       dio_copy_direction direction) {
  bind();
  switch (direction) {
    case DIO_COPY_HOST_TO_DEVICE:
      return upload(destination, source, bytes);
    case DIO_COPY_DEVICE_TO_HOST:
      not_while_recording("a copy between host and device");
      return staging_.download(destination, source, bytes, stream_);
    default:
      check_cuda(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDeviceToDevice, stream_),
                 "memory_copy");
  }
}

void CudaContext::synchronize() {
  bind();
  not_while_recording("context_synchronize");
  check_cuda(cudaStreamSynchronize(stream_), "context_synchronize");
}

dio_memory_stats CudaContext::memory() const {
  std::size_t allocated = pool_.allocated();
  for (const auto& pool : graph_pools_) allocated += pool->allocated();
  return {static_cast<int64_t>(allocated), static_cast<int64_t>(reserved()), static_cast<int64_t>(peak_)};
}

void CudaContext::trim() {
  synchronize();
  pool_.trim();
  blocks_.trim();
}

Context::DeviceMemory CudaContext::device_memory() const {
  bind();
  std::size_t available = 0, total = 0;
  check_cuda(cudaMemGetInfo(&available, &total), "context_device_memory");
  return {static_cast<int64_t>(available), static_cast<int64_t>(total)};
}

const char* CudaContext::description() {
  bind();
  description_ = device_.name + ", " + describe_linear_cuda(*this);
  return description_.c_str();
}

void CudaContext::use_stream(void* stream) {
  synchronize();
  stream_ = stream ? static_cast<cudaStream_t>(stream) : own_stream_;
}

void CudaContext::begin_graph() {
  reset_scratch();
  not_while_recording("graph_begin");
  // Of graphs that are gone, with nothing in use any more.
  std::erase_if(graph_pools_,
                [](const auto& pool) { return pool.use_count() == 1 && !pool->has_live_blocks(); });
  auto pool = std::make_shared<MemoryPool>(blocks_);
  graph_pools_.reserve(graph_pools_.size() + 1);
  check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), "graph_begin");
  recording_ = pool;
  graph_pools_.push_back(std::move(pool));
}

std::unique_ptr<Graph> CudaContext::end_graph() {
  if (!recording_) {
    raise(DIO_STATUS_INVALID_ARGUMENT, "graph_end: nothing is being recorded; call graph_begin first");
  }
  reset_scratch();
  auto graph = std::make_unique<CudaGraph>(std::move(recording_));
  recording_.reset();
  cudaGraph_t recorded = nullptr;
  check_cuda(cudaStreamEndCapture(stream_, &recorded), "graph_end");
  const cudaError_t status = cudaGraphInstantiate(&graph->executable_, recorded, 0);
  cudaGraphDestroy(recorded);
  check_cuda(status, "graph_end");
  return graph;
}

void CudaContext::cancel_graph() noexcept {
  cudaSetDevice(device_.index);
  if (!recording_) return;
  recording_.reset();
  cudaGraph_t unfinished = nullptr;
  cudaStreamEndCapture(stream_, &unfinished);
  if (unfinished) cudaGraphDestroy(unfinished);
}

void CudaContext::launch(Graph& graph) {
  bind();
  not_while_recording("graph_launch");
  check_cuda(cudaGraphLaunch(static_cast<CudaGraph&>(graph).executable_, stream_), "graph_launch");
}

}  // namespace diorama::cuda
