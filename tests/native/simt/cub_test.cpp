// The stand-ins for CUB: what they give is what CUB gives, and what CUB leaves open is not to be relied on.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "simt_run.h"

using diorama::test::Device;

namespace {

template <typename Key>
struct Sorted {
  std::vector<Key> keys, other_keys;
  std::vector<int32_t> values;
  int selector;
};

template <typename Key>
Sorted<Key> sort(const std::vector<Key>& given, int begin_bit, int end_bit) {
  std::vector<int32_t> places(given.size());
  std::iota(places.begin(), places.end(), 0);
  const Device<Key> keys(given), other(given.size());
  const Device<int32_t> values(places), other_values(given.size());
  cub::DoubleBuffer<Key> key_buffers(keys.get(), other.get());
  cub::DoubleBuffer<int32_t> value_buffers(values.get(), other_values.get());
  const auto count = static_cast<uint32_t>(given.size());
  std::size_t bytes = 0;
  REQUIRE(cub::DeviceRadixSort::SortPairs(nullptr, bytes, key_buffers, value_buffers, count, begin_bit,
                                          end_bit) == cudaSuccess);
  REQUIRE(bytes > 0);
  CHECK(key_buffers.selector == 0);  // nothing has happened yet
  CHECK(keys.read() == given);
  const Device<char> temporary(bytes);
  REQUIRE(cub::DeviceRadixSort::SortPairs(temporary.get(), bytes, key_buffers, value_buffers, count,
                                          begin_bit, end_bit) == cudaSuccess);
  CHECK(key_buffers.selector == value_buffers.selector);
  const bool moved = key_buffers.selector == 1;
  return {(moved ? other : keys).read(), (moved ? keys : other).read(),
          (moved ? other_values : values).read(), key_buffers.selector};
}

template <typename Key>
void check_sorting(int begin_bit, int end_bit) {
  std::mt19937 random(7);
  std::vector<Key> keys(3001);
  for (Key& key : keys) key = static_cast<Key>(random());
  const auto digits = [&](int32_t place) {
    return static_cast<uint64_t>(keys[static_cast<std::size_t>(place)]) >> begin_bit &
           ((uint64_t{1} << (end_bit - begin_bit)) - 1);
  };
  std::vector<int32_t> expected(keys.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(),
                   [&](int32_t a, int32_t b) { return digits(a) < digits(b); });
  const Sorted<Key> sorted = sort(keys, begin_bit, end_bit);
  CHECK(sorted.values == expected);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(sorted.keys[i] == keys[static_cast<std::size_t>(expected[i])]);
  }
}

}  // namespace

TEST_CASE("cub: pairs are sorted by the bits asked for, equal ones as they came") {
  check_sorting<uint16_t>(0, 16);
  check_sorting<uint16_t>(0, 13);
  check_sorting<uint16_t>(3, 5);
  check_sorting<uint32_t>(0, 32);
  check_sorting<uint32_t>(0, 17);
}

TEST_CASE("cub: the result is in either buffer, and the other one holds nothing") {
  const std::vector<uint32_t> keys = {5, 3, 9, 1};
  CHECK(sort(keys, 0, 8).selector == 1);
  CHECK(sort(keys, 0, 16).selector == 0);
  CHECK(sort(keys, 0, 17).selector == 1);
  for (const uint32_t key : sort(keys, 0, 16).other_keys) CHECK(key == 0xFFFFFFFFu);
}

TEST_CASE("cub: sums of what is before, in place as well") {
  const std::vector<uint32_t> values = {4, 0, 7, 0xFFFFFFFFu, 2};
  const std::vector<uint32_t> expected = {0, 4, 4, 11, 10};  // modulo 2^32
  const Device<uint32_t> from(values), to(values.size());
  std::size_t bytes = 0;
  REQUIRE(cub::DeviceScan::ExclusiveSum(nullptr, bytes, from.get(), to.get(), 5u) == cudaSuccess);
  const Device<char> temporary(bytes);
  REQUIRE(cub::DeviceScan::ExclusiveSum(temporary.get(), bytes, from.get(), to.get(), 5u) == cudaSuccess);
  CHECK(to.read() == expected);
  CHECK(from.read() == values);
  REQUIRE(cub::DeviceScan::ExclusiveSum(temporary.get(), bytes, from.get(), from.get(), 5u) == cudaSuccess);
  CHECK(from.read() == expected);
}

TEST_CASE("cub: too little temporary memory and bits that are none are refused") {
  const Device<uint16_t> keys(4), other(4);
  const Device<int32_t> values(4), other_values(4);
  cub::DoubleBuffer<uint16_t> key_buffers(keys.get(), other.get());
  cub::DoubleBuffer<int32_t> value_buffers(values.get(), other_values.get());
  const Device<char> temporary(1024);
  std::size_t bytes = 1, enough = 1024;
  CHECK(cub::DeviceRadixSort::SortPairs(temporary.get(), bytes, key_buffers, value_buffers, 4u) ==
        cudaErrorInvalidValue);
  CHECK(cub::DeviceRadixSort::SortPairs(temporary.get(), enough, key_buffers, value_buffers, 4u, 0, 17) ==
        cudaErrorInvalidValue);
  CHECK(cub::DeviceRadixSort::SortPairs(temporary.get(), enough, key_buffers, value_buffers, 4u, 3, 3) ==
        cudaErrorInvalidValue);
  uint32_t* none = nullptr;
  CHECK(cub::DeviceScan::ExclusiveSum(temporary.get(), bytes, none, none, 4u) == cudaErrorInvalidValue);
}

TEST_CASE("cub: a stream that is recorded keeps the work for later") {
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  const std::vector<uint32_t> ones(9, 1);
  const Device<uint32_t> values(ones);
  const Device<char> temporary(1024);
  std::size_t bytes = 1024;
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed) == cudaSuccess);
  REQUIRE(cub::DeviceScan::ExclusiveSum(temporary.get(), bytes, values.get(), values.get(), 9u, stream) ==
          cudaSuccess);
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(values.read() == ones);
  cudaGraphExec_t executable = nullptr;
  REQUIRE(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
  REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
  CHECK(values.read().back() == 8);
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}
