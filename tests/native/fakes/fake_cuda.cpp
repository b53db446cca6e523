// Stands in for libdiorama_cuda.so where it is loaded. Each macro gives it one fault.
#include <cstdlib>
#include <cstring>

#include "cuda_library.h"

namespace {

using namespace diorama;

constexpr Operations kOperations{.backend = "cuda"};

// Memory of the host, and no operation.
class FakeContext final : public Context {
 public:
  explicit FakeContext(int threads) : Context(kOperations, threads) {}
  void* scratch(std::size_t) override { return nullptr; }
  void reset_scratch() override {}
  void* allocate(std::size_t bytes) override { return std::malloc(bytes); }
  void free(void* memory) override { std::free(memory); }
  void copy(void* destination, const void* source, std::size_t bytes, dio_copy_direction) override {
    std::memcpy(destination, source, bytes);
  }
  void synchronize() override {}
  void* stream() override { return nullptr; }
  dio_memory_stats memory() const override { return {}; }
  void trim() override {}
  DeviceMemory device_memory() const override { return {}; }
  void use_stream(void*) override {}
  void begin_graph() override {}
  std::unique_ptr<Graph> end_graph() override { return nullptr; }
  void launch(Graph&) override {}
};

#ifndef FAKE_REASON
#define FAKE_REASON ""
#endif
#ifndef FAKE_DEVICES
#define FAKE_DEVICES 2
#endif
#ifndef FAKE_OPERATIONS_BYTES
#define FAKE_OPERATIONS_BYTES sizeof(Operations)
#endif

constexpr CudaBackend kBackend{FAKE_OPERATIONS_BYTES,
                               &kOperations,
                               FAKE_DEVICES,
                               "two fakes",
                               FAKE_REASON,
                               [](int, int threads) -> Context* { return new FakeContext(threads); },
                               nullptr};

}  // namespace

extern "C" {

#ifndef FAKE_NO_VERSION
#ifndef FAKE_VERSION
#define FAKE_VERSION DIO_ABI_VERSION
#endif
DIO_API uint32_t dio_cuda_abi_version() { return FAKE_VERSION; }
#endif

#ifndef FAKE_NO_BACKEND
#ifndef FAKE_BACKEND
#define FAKE_BACKEND &kBackend
#endif
DIO_API const CudaBackend* dio_cuda_backend() { return FAKE_BACKEND; }
#endif

#ifdef FAKE_NEEDS_DRIVER
int cuInit(unsigned flags);
DIO_API int use_the_driver() { return cuInit(0); }
#endif

#ifdef FAKE_NEEDS_SYMBOL
void no_library_has_this();
DIO_API void use_the_symbol() { no_library_has_this(); }
#endif

}  // extern "C"
