#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "api.h"
#include "measure.h"

using namespace diorama;

namespace {

void check_seconds(const Check& check, double seconds, const double* result, const char* name) {
  check.pointer(name, result);
  if (!(seconds > 0 && seconds <= 60)) {
    check.fail("seconds is " + std::to_string(seconds) + ", expected a number above 0, at most 60");
  }
}

// Memory of a device for as long as it lives.
class Block {
 public:
  Block(Context& context, std::size_t bytes) : context_(context), memory_(context.allocate(bytes)) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { context_.free(memory_); }
  void* get() const { return memory_; }

 private:
  Context& context_;
  void* memory_;
};

// The shortest time of one of `repeats` calls of body, each measured over its work on the device.
template <typename Body>
double shortest_on_device(Context& context, double seconds, int repeats, Body&& body) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double best = 1e30;
  do {
    context.synchronize();
    const auto start = Clock::now();
    for (int i = 0; i < repeats; ++i) body();
    context.synchronize();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / repeats);
  } while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
  return best;
}

void refuse_stand_in(const Context& context) {
  if (std::strcmp(context.operations().backend, "simt") == 0) {
    raise(DIO_STATUS_UNSUPPORTED,
          "the backend simt checks kernels and says nothing of speed; measure on cuda");
  }
}

// What our own product of bf16 reaches: the card's rate for tensor cores, as far as anybody here can use it.
double device_flops(Context& context, double seconds) {
  refuse_stand_in(context);
  constexpr int64_t kSize = 8192;
  const Block x(context, kSize * kSize * 2), w(context, kSize * kSize * 2), out(context, kSize * kSize * 2);
  // Numbers of many magnitudes, none of them zero: a product of zeros runs faster.
  std::vector<uint16_t> values(static_cast<std::size_t>(kSize * kSize));
  uint32_t state = 1;
  for (uint16_t& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<uint16_t>((state >> 16 & 0x807Fu) | (0x3F00u + (state >> 8 & 0x80u)));
  }
  for (const Block* block : {&x, &w}) {
    context.copy(block->get(), values.data(), values.size() * 2, DIO_COPY_HOST_TO_DEVICE);
  }
  const auto matrix = [&](const Block& block) {
    return Tensor{block.get(), DIO_BF16, 2, {kSize, kSize}, {kSize, 1}};
  };
  const Tensor tx = matrix(x), tw = matrix(w), tout = matrix(out);
  const auto product = [&] {
    context.reset_scratch();
    context.operations().linear(context, tx, tw, nullptr, DIO_ACTIVATION_NONE, nullptr, nullptr, nullptr,
                                tout);
  };
  product();
  return 2.0 * kSize * kSize * kSize / shortest_on_device(context, seconds, 5, product);
}

// Bytes read and written by a copy on the device.
double device_bandwidth(Context& context, double seconds) {
  refuse_stand_in(context);
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  const Block from(context, kBytes), to(context, kBytes);
  const auto copy = [&] { context.copy(to.get(), from.get(), kBytes, DIO_COPY_DEVICE_TO_DEVICE); };
  copy();
  return 2.0 * static_cast<double>(kBytes) / shortest_on_device(context, seconds, 5, copy);
}

#if !DIORAMA_CPU
[[noreturn]] void no_cpu() {
  raise(DIO_STATUS_UNSUPPORTED,
        "this library was built without the backend cpu, whose kernels measure the host");
}
double measure_flops(int, double) { no_cpu(); }
double measure_bandwidth(int, double) { no_cpu(); }
#endif

}  // namespace

dio_status dio_measure_flops(dio_context* context, double seconds, double* flops) {
  return with_context("measure_flops", context, [&](Context& c) {
    check_seconds(Check("measure_flops"), seconds, flops, "flops");
    *flops = c.memory_on_host() ? measure_flops(c.threads(), seconds) : device_flops(c, seconds);
  });
}

dio_status dio_measure_bandwidth(dio_context* context, double seconds, double* bytes_per_second) {
  return with_context("measure_bandwidth", context, [&](Context& c) {
    check_seconds(Check("measure_bandwidth"), seconds, bytes_per_second, "bytes_per_second");
    *bytes_per_second =
        c.memory_on_host() ? measure_bandwidth(c.threads(), seconds) : device_bandwidth(c, seconds);
  });
}
