#include "backends.h"

#include <charconv>
#include <vector>

#include "kernels/attention/register.h"
#include "kernels/codec/register.h"
#include "kernels/denoise/register.h"
#include "kernels/linear/register.h"
#include "kernels/splat/register.h"
#include "kernels/text/register.h"
#include "context_cpu.h"
#include "cuda_library.h"
#include "error.h"
#include "processor.h"

namespace diorama {
namespace {

constexpr int kMaxThreads = 1024;

const Operations& reference_operations() {
  static const Operations operations = [] {
    Operations o;
    o.backend = "reference";
    add_attention_reference(o);
    add_codec_reference(o);
    add_denoise_reference(o);
    add_linear_reference(o);
    add_splat_reference(o);
    add_text_reference(o);
    return o;
  }();
  return operations;
}

const Operations& plain_operations() {
  static const Operations operations = [] {
    Operations o;
    o.backend = "plain";
    add_attention_plain(o);
    add_codec_plain(o);
    add_denoise_plain(o);
    add_linear_plain(o);
    add_splat_plain(o);
    add_text_plain(o);
    return o;
  }();
  return operations;
}

#if DIORAMA_CPU
const Operations& cpu_operations() {
  static const Operations operations = [] {
    Operations o;
    o.backend = "cpu";
    add_attention_cpu(o);
    add_codec_cpu(o);
    add_denoise_cpu(o);
    add_linear_cpu(o);
    add_splat_cpu(o);
    add_text_cpu(o);
    return o;
  }();
  return operations;
}
#endif

Backend cpu_backend() {
#if DIORAMA_CPU
  return {&cpu_operations(), 1, "cpu", processor_description(), ""};
#else
  return {nullptr, 0, "cpu", "",
          "this library was built without it (-DDIORAMA_CPU=OFF); build it again with it"};
#endif
}

std::unique_ptr<Context> open_cpu([[maybe_unused]] int threads) {
#if DIORAMA_CPU
  return std::make_unique<CpuContext>(cpu_operations(), threads);
#else
  raise(DIO_STATUS_UNAVAILABLE, "backend cpu is not available: " + cpu_backend().reason);
#endif
}

const std::vector<Backend>& table() {
  static const std::vector<Backend> backends = [] {
    std::string reason;
    const CudaBackend* cuda = cuda_backend(&reason);
    std::string no_simt;
    const CudaBackend* simt = simt_backend(&no_simt);
    return std::vector<Backend>{
        {&reference_operations(), 1, "reference", "plain loops in double: the truth, for tests", ""},
        {&plain_operations(), 1, "plain", "plain loops in float: the yardstick of tolerances", ""},
        cpu_backend(),
        {simt ? simt->operations : nullptr, simt ? simt->device_count : 0, "simt",
         simt ? simt->description : "", no_simt},
        {cuda ? cuda->operations : nullptr, cuda ? cuda->device_count : 0, "cuda",
         cuda ? cuda->description : "", reason},
    };
  }();
  return backends;
}

std::unique_ptr<Context> open_cuda(const std::string& name, int threads) {
  std::string reason;
  const CudaBackend* cuda = cuda_backend(&reason);
  if (cuda == nullptr) throw Error(DIO_STATUS_UNAVAILABLE, "backend cuda is not available: " + reason);
  int device = 0;
  if (name != "cuda") {
    const char* first = name.data() + 5;  // behind "cuda:"
    const char* last = name.data() + name.size();
    const auto [end, fault] = std::from_chars(first, last, device);
    if (fault != std::errc() || end != last || device < 0) {
      throw Error(DIO_STATUS_INVALID_ARGUMENT,
                  "backend " + name + " is not a name; write cuda:0, cuda:1, ...");
    }
  }
  if (device >= cuda->device_count) {
    throw Error(DIO_STATUS_UNAVAILABLE, "backend " + name + " is not available: this machine has " +
                                            std::to_string(cuda->device_count) +
                                            " CUDA devices, counted from 0");
  }
  return std::unique_ptr<Context>(cuda->open(device, threads));
}

std::unique_ptr<Context> open_simt(int threads) {
  std::string reason;
  const CudaBackend* simt = simt_backend(&reason);
  if (simt == nullptr) raise(DIO_STATUS_UNAVAILABLE, "backend simt is not available: " + reason);
  return std::unique_ptr<Context>(simt->open(0, threads));
}

}  // namespace

int backend_count() { return static_cast<int>(table().size()); }

const Backend& backend(int index) { return table()[static_cast<std::size_t>(index)]; }

std::unique_ptr<Context> open_context(const std::string& name, int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    throw Error(DIO_STATUS_INVALID_ARGUMENT, "threads is " + std::to_string(threads) + ", expected 1 to " +
                                                 std::to_string(kMaxThreads) +
                                                 ", or 0 for one per available core");
  }
  const int count = threads == 0 ? std::min(available_cores(), kMaxThreads) : threads;
  if (name == "reference") return std::make_unique<CpuContext>(reference_operations(), count);
  if (name == "plain") return std::make_unique<CpuContext>(plain_operations(), count);
  if (name == "cpu") return open_cpu(count);
  if (name == "simt") return open_simt(count);
  if (name == "cuda" || name.rfind("cuda:", 0) == 0) return open_cuda(name, count);
  if (name == "auto") {
    std::string reason;
    if (cuda_backend(&reason) != nullptr) return open_cuda("cuda", count);
    return open_cpu(count);
  }
  throw Error(
      DIO_STATUS_INVALID_ARGUMENT,
      "backend " + name +
          " does not exist; there are auto, reference, plain, cpu, simt, cuda and cuda:1, cuda:2, ...");
}

}  // namespace diorama
