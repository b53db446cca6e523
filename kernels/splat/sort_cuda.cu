// CUB's radix sort (onesweep: one read and one write of a pair for each 8 bits of keys) and decoupled
// look-back scan.
#include "kernels/splat/sort_cuda.h"

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include <utility>

#include "kernels/cuda/launch.h"

namespace diorama::cuda {
namespace {

// body(temporary memory, its size) twice: CUB first says how much it needs.
template <typename Body>
void with_temporary(Context& context, const Body& body) {
  std::size_t bytes = 0;
  check_cuda(body(nullptr, bytes), "splat_render");
  void* memory = context.scratch(bytes);
  check_cuda(body(memory, bytes), "splat_render");
}

}  // namespace

template <typename Key>
Key* sort_by_key(Context& context, Key* keys, FrameArray<int32_t>& values, int64_t count, int bits) {
  if (count == 0 || bits == 0) return keys;
  FrameArray<int32_t> other(context);
  Key* other_keys = context.scratch_array<Key>(static_cast<std::size_t>(count));
  cub::DoubleBuffer<Key> key_buffers(keys, other_keys);
  cub::DoubleBuffer<int32_t> value_buffers(values.data(), other.resize(count));
  with_temporary(context, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(memory, bytes, key_buffers, value_buffers,
                                           static_cast<uint32_t>(count), 0, bits,
                                           on_cuda(context).cuda_stream());
  });
  if (value_buffers.Current() != values.data()) values.swap(other);
  return key_buffers.Current();
}

template uint16_t* sort_by_key(Context&, uint16_t*, FrameArray<int32_t>&, int64_t, int);
template uint32_t* sort_by_key(Context&, uint32_t*, FrameArray<int32_t>&, int64_t, int);

void exclusive_sum(Context& context, const uint32_t* from, uint32_t* to, int64_t count) {
  if (count == 0) return;
  with_temporary(context, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(memory, bytes, from, to, static_cast<uint32_t>(count),
                                         on_cuda(context).cuda_stream());
  });
}

}  // namespace diorama::cuda
