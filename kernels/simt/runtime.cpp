// The runtime API over the host: see include/cuda_runtime.h.
#include <cuda_runtime.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/simt/launch.h"
#include "kernels/simt/memory.h"

using namespace diorama::simt;

struct SimtGraph {
  std::vector<std::function<cudaError_t()>> calls;
};
struct SimtGraphExec {
  std::vector<std::function<cudaError_t()>> calls;
};
struct SimtStream {
  SimtGraph* recording = nullptr;
};
struct SimtEvent {
  std::chrono::steady_clock::time_point recorded;
};
struct SimtMemPool {};

namespace {

thread_local std::string last_report;

// DIORAMA_SIMT_DEVICE=sm_90: what compute capability the device says it has; none: there is no device.
std::string pretended_device() {
  const char* device = std::getenv("DIORAMA_SIMT_DEVICE");
  return device == nullptr ? "sm_80" : device;
}

int pretended_capability() {
  const std::string device = pretended_device();
  return device.rfind("sm_", 0) == 0 ? std::atoi(device.c_str() + 3) : 0;
}

// Now, or whenever what the stream records is launched.
cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> call) {
  if (stream != nullptr && stream->recording != nullptr) {
    stream->recording->calls.push_back(std::move(call));
    return cudaSuccess;
  }
  return call();
}

}  // namespace

cudaError_t diorama::simt::report(cudaError_t status, const char* kernel, const char* what) {
  last_report = std::string(kernel) + ": " + what;
  return status;
}

bool diorama::simt::is_kernel_pointer(const void* pointer) {
  return pointer == nullptr || is_device_memory(pointer);
}

cudaError_t diorama::simt::launch_kernel(const char* name, dim3 grid, dim3 block, std::size_t shared_bytes,
                                         cudaStream_t stream, std::function<void()> body) {
  const std::string fault = check_shape(grid, block, shared_bytes);
  if (!fault.empty()) return report(cudaErrorInvalidValue, name, fault.c_str());
  return enqueue(stream, [=, kept = std::move(body)] {
    last_report = run_grid(name, grid, block, shared_bytes, kept);
    return last_report.empty() ? cudaSuccess : cudaErrorIllegalAddress;
  });
}

cudaError_t diorama::simt::on_stream(cudaStream_t stream, std::function<void()> work) {
  return enqueue(stream, [kept = std::move(work)] {
    const DeviceMemoryOpen open;
    kept();
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  const char* pretended = std::getenv("DIORAMA_SIMT_DRIVER");
  *version = pretended == nullptr ? CUDART_VERSION : std::atoi(pretended);
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = pretended_device() == "none" ? 0 : 1;
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  *properties = {};
  const int capability = pretended_capability();
  std::strcpy(properties->name, "CUDA sources on the host, for tests");
  properties->major = capability / 10;
  properties->minor = capability % 10;
  properties->multiProcessorCount = 4;
  properties->sharedMemPerBlockOptin = std::size_t{capability >= 90 ? 227u : 163u} << 10;
  properties->totalGlobalMem =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  properties->l2CacheSize = 40 << 20;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaGetLastError() { return cudaSuccess; }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
      return last_report.c_str();
    case cudaErrorInvalidValue:
      return last_report.empty() ? "invalid argument" : last_report.c_str();
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "an error of the CUDA runtime's stand-in";
  }
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
  *pool = new SimtMemPool;
  return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  delete pool;
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) { return cudaSuccess; }

// DIORAMA_SIMT_MEMORY: how many bytes the device has, for tests of running out.
static std::size_t device_total() {
  const char* bytes = std::getenv("DIORAMA_SIMT_MEMORY");
  if (bytes != nullptr) return static_cast<std::size_t>(std::strtoull(bytes, nullptr, 10));
  cudaDeviceProp properties;
  cudaGetDeviceProperties(&properties, 0);
  return properties.totalGlobalMem;
}

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t, cudaStream_t) {
  const std::size_t used = device_bytes(), total = device_total();
  *memory = used <= total && bytes <= total - used ? allocate_device(bytes) : nullptr;
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  return free_device(memory) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = std::malloc(bytes);
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  *total = device_total();
  *available = *total - std::min(*total, device_bytes());
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
  if (bytes > 0 && (to_device != is_device_memory(to) || from_device != is_device_memory(from))) {
    return report(cudaErrorInvalidValue, "cudaMemcpyAsync", "an address is not where the direction says");
  }
  return enqueue(stream, [=] {
    const DeviceMemoryOpen open;
    std::memmove(to, from, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return enqueue(stream, [=] {
    const DeviceMemoryOpen open;
    std::memset(memory, value, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new SimtStream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream != nullptr && stream->recording != nullptr) {
    return report(cudaErrorStreamCaptureInvalidated, "cudaStreamSynchronize", "the stream is being recorded");
  }
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new SimtEvent;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  event->recorded = std::chrono::steady_clock::now();
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->recorded - start->recorded).count();
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->recording) return report(cudaErrorInvalidValue, "cudaStreamBeginCapture", "it records already");
  stream->recording = new SimtGraph;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = stream->recording;
  stream->recording = nullptr;
  return *graph ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new SimtGraphExec{graph->calls};
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  for (const auto& call : executable->calls) {
    const cudaError_t status = call();
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}
