#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "diorama.h"
#include "tensor.h"

namespace diorama::test {

// Numbers that are the same on every machine and in every run (SplitMix64).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log1p(-uniform())) * std::cos(6.283185307179586 * uniform()); }
  int64_t below(int64_t bound) { return static_cast<int64_t>(next() % static_cast<uint64_t>(bound)); }

 private:
  uint64_t state_;
};

// Conversions written apart from the kernels' own: rounding to nearest, ties to even.
inline uint16_t to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

inline float from_bf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

inline uint16_t to_f16(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7E00;
  const double size = std::fabs(static_cast<double>(value));
  if (size == 0) return sign;
  if (size >= 65520) return sign | 0x7C00;
  int exponent;
  std::frexp(size, &exponent);
  const int unit = std::max(exponent, -13) - 11;  // the weight of the last bit is 2^unit
  // A carry out of the mantissa runs into the exponent, as it should.
  const double steps = std::nearbyint(std::ldexp(size, -unit));
  const int biased = unit + 24;  // 0 for subnormals and the first normal binade
  return static_cast<uint16_t>(sign + (biased << 10) + static_cast<int>(steps));
}

inline float from_f16(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const float sign = bits & 0x8000 ? -1.f : 1.f;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * std::ldexp(static_cast<float>(exponent ? mantissa + 1024 : mantissa),
                           (exponent ? exponent : 1) - 25);
}

// How a tensor lies in memory.
struct Layout {
  int64_t row_gap = 0;          // unused elements behind each innermost row
  std::vector<int> order = {};  // axes from the outermost in memory to the innermost; empty means row-major
};

// A tensor for tests that owns its memory, with a canary wherever no element lies. The last element ends the
// memory, so that a sanitizer sees reads beyond it.
class TestTensor {
 public:
  TestTensor(dio_dtype dtype, std::vector<int64_t> shape, const Layout& layout = {}) {
    view_.dtype = dtype;
    view_.rank = static_cast<int32_t>(shape.size());
    std::vector<int> order = layout.order;
    if (order.empty()) {
      for (int i = 0; i < view_.rank; ++i) order.push_back(i);
    }
    int64_t stride = 1;
    for (int i = view_.rank - 1; i >= 0; --i) {
      const int axis = order[static_cast<std::size_t>(i)];
      view_.shape[axis] = shape[static_cast<std::size_t>(axis)];
      view_.strides[axis] = stride;
      stride *= view_.shape[axis];
      if (i == view_.rank - 1) stride += layout.row_gap;
    }
    int64_t last = 0;
    for (int i = 0; i < view_.rank; ++i) last += view_.strides[i] * (view_.shape[i] - 1);
    memory_.assign(static_cast<std::size_t>(kFront + (last + 1) * element_size(dtype)), kCanary);
    view_.data = memory_.data() + kFront;
  }
  TestTensor(const TestTensor&) = delete;
  TestTensor& operator=(const TestTensor&) = delete;
  TestTensor(TestTensor&&) = default;

  // Fluent fillers: auto x = TestTensor(DIO_F32, {4, 8}).normal(random);
  TestTensor&& normal(Random& random, double scale = 1, double mean = 0) && {
    each([&](int64_t offset) { write(offset, mean + scale * random.normal()); });
    return std::move(*this);
  }
  TestTensor&& integers(Random& random, int64_t low, int64_t high) && {
    each([&](int64_t offset) { write(offset, static_cast<double>(low + random.below(high - low + 1))); });
    return std::move(*this);
  }
  TestTensor&& filled(double value) && {
    each([&](int64_t offset) { write(offset, value); });
    return std::move(*this);
  }
  TestTensor&& values(const std::vector<double>& list) && {
    std::size_t next = 0;
    each([&](int64_t offset) { write(offset, list.at(next++)); });
    return std::move(*this);
  }

  dio_tensor* get() { return &view_; }
  operator dio_tensor*() { return &view_; }
  dio_tensor* operator->() { return &view_; }

  // The elements in row-major order.
  std::vector<double> read() const {
    std::vector<double> list;
    each([&](int64_t offset) { list.push_back(value_at(offset)); });
    return list;
  }
  void set(int64_t index, double value) {
    int64_t next = 0;
    each([&](int64_t offset) {
      if (next++ == index) write(offset, value);
    });
  }

  std::vector<unsigned char>& memory() { return memory_; }
  // The memory with the elements blanked: whoever changes it wrote out of bounds.
  std::vector<unsigned char> around() const {
    std::vector<unsigned char> copy = memory_;
    const auto size = static_cast<std::size_t>(element_size(view_.dtype));
    each([&](int64_t offset) {
      std::memset(copy.data() + kFront + offset * static_cast<int64_t>(size), 0, size);
    });
    return copy;
  }
  static constexpr int64_t front() { return kFront; }

 private:
  static constexpr int64_t kFront = 16;
  static constexpr unsigned char kCanary = 0xA5;

  void each(const std::function<void(int64_t)>& visit) const {
    int64_t place[DIO_MAX_RANK] = {};
    for (int64_t count = element_count(view_); count > 0; --count) {
      int64_t offset = 0;
      for (int i = 0; i < view_.rank; ++i) offset += place[i] * view_.strides[i];
      visit(offset);
      for (int i = view_.rank - 1; i >= 0 && ++place[i] == view_.shape[i]; --i) place[i] = 0;
    }
  }
  template <typename T>
  T load(int64_t offset) const {
    T value;
    std::memcpy(&value, memory_.data() + kFront + offset * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
  template <typename T>
  void store(int64_t offset, T value) {
    std::memcpy(memory_.data() + kFront + offset * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
  }
  double value_at(int64_t offset) const {
    switch (view_.dtype) {
      case DIO_F32:
        return load<float>(offset);
      case DIO_F16:
        return from_f16(load<uint16_t>(offset));
      case DIO_BF16:
        return from_bf16(load<uint16_t>(offset));
      case DIO_I32:
        return load<int32_t>(offset);
      default:
        return load<uint8_t>(offset);
    }
  }
  void write(int64_t offset, double value) {
    switch (view_.dtype) {
      case DIO_F32:
        return store(offset, static_cast<float>(value));
      case DIO_F16:
        return store(offset, to_f16(static_cast<float>(value)));
      case DIO_BF16:
        return store(offset, to_bf16(static_cast<float>(value)));
      case DIO_I32:
        return store(offset, static_cast<int32_t>(value));
      default:
        return store(offset, static_cast<uint8_t>(value));
    }
  }

  dio_tensor view_{};
  std::vector<unsigned char> memory_;
};

}  // namespace diorama::test
