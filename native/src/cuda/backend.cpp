// What libdiorama.so finds in this library: see cuda_library.h.
#include <cuda_runtime.h>

#include <string>

#include "cuda_context.h"
#include "cuda_library.h"
#include "error.h"
#include "kernels/attention/register_cuda.h"
#include "kernels/codec/register_cuda.h"
#include "kernels/denoise/register_cuda.h"
#include "kernels/linear/register_cuda.h"
#include "kernels/splat/register_cuda.h"
#include "kernels/text/register_cuda.h"
#include "raise.h"

namespace diorama::cuda {
namespace {

constexpr int kOldestMajor = 8;

#if defined(DIORAMA_SIMT)
constexpr const char* kName = "simt";
#else
constexpr const char* kName = "cuda";
#endif

const Operations& cuda_operations() {
  static const Operations operations = [] {
    Operations o;
    o.backend = kName;
    add_attention_cuda(o);
    add_codec_cuda(o);
    add_denoise_cuda(o);
    add_linear_cuda(o);
    add_splat_cuda(o);
    add_text_cuda(o);
    return o;
  }();
  return operations;
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// What the machine has, looked at once.
struct Discovery {
  int devices = 0;
  std::string description;
  std::string reason;
};

Discovery discover() {
  Discovery found;
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    found.reason = "the NVIDIA driver does not answer; install it again or restart the machine";
    return found;
  }
  if (driver / 1000 < CUDART_VERSION / 1000) {
    found.reason = "the NVIDIA driver is made for CUDA " + version_text(driver) + ", but CUDA " +
                   version_text(CUDART_VERSION / 1000 * 1000) + " is needed; install a newer driver";
    return found;
  }
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    found.reason =
        status == cudaSuccess || status == cudaErrorNoDevice
            ? "the NVIDIA driver finds no CUDA device"
            : std::string("the NVIDIA driver finds no usable CUDA device: ") + cudaGetErrorString(status);
    return found;
  }
  bool usable = false;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    usable = usable || properties.major >= kOldestMajor;
    if (i > 0) found.description += ", ";
    found.description += std::string(properties.name) + " (compute capability " +
                         std::to_string(properties.major) + "." + std::to_string(properties.minor) + ", " +
                         std::to_string(properties.totalGlobalMem >> 30) + " GiB)";
  }
  if (!usable) {
    found.reason = found.description + " is too old: compute capability 8.0 or later is needed";
    return found;
  }
  found.devices = count;
  return found;
}

Context* open(int index, int threads) {
  const Device device = describe_device(index);
  if (device.major < kOldestMajor) {
    raise(DIO_STATUS_UNAVAILABLE, "device " + std::to_string(index) + " (" + device.name +
                                      ") has compute capability " + std::to_string(device.major) + "." +
                                      std::to_string(device.minor) + ", but 8.0 or later is needed");
  }
  return new CudaContext(cuda_operations(), device, threads);
}

}  // namespace
}  // namespace diorama::cuda

extern "C" {

DIO_API uint32_t dio_cuda_abi_version() { return DIO_ABI_VERSION; }

DIO_API const diorama::CudaBackend* dio_cuda_backend() {
  using namespace diorama::cuda;
  static const Discovery found = discover();
  static const diorama::CudaBackend backend = {sizeof(diorama::Operations),
                                               &cuda_operations(),
                                               found.devices,
                                               found.description.c_str(),
                                               found.reason.c_str(),
                                               open,
                                               connect_raise};
  return &backend;
}
}
