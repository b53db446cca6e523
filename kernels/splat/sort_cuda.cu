// CUB's radix sort and prefix sum. Keys have 32 bits even where 16 would do: CUB's sort that reads and writes
// a pair once for each 8 bits (onesweep) is for those alone; shorter ones are read twice for each 7 bits.
#include "kernels/splat/sort_cuda.h"

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include <exception>
#include <string>
#include <utility>

#include "error.h"
#include "kernels/cuda/launch.h"

namespace diorama::cuda {
namespace {

// body(temporary memory, its size) twice: CUB first says how much it needs. What CUB throws is of this
// library's C++ runtime, which nobody outside could catch.
template <typename Body>
void with_temporary(Context& context, const Body& body) {
  std::size_t bytes = 0;
  const auto checked = [&](void* memory) {
    cudaError_t status = cudaSuccess;
    std::string thrown;
    try {
      status = body(memory, bytes);
    } catch (const std::exception& error) {
      thrown = error.what();
    }
    if (!thrown.empty()) raise(DIO_STATUS_INTERNAL, "splat_render: " + thrown);
    check_cuda(status, "splat_render");
  };
  checked(nullptr);
  checked(context.scratch(bytes));
}

}  // namespace

uint32_t* sort_by_key(Context& context, uint32_t* keys, uint32_t* spare, FrameArray<int32_t>& values,
                      int64_t count, int bits) {
  if (count == 0 || bits == 0) return keys;
  FrameArray<int32_t> other(context);
  cub::DoubleBuffer<uint32_t> key_buffers(keys, spare);
  cub::DoubleBuffer<int32_t> value_buffers(values.data(), other.resize(count));
  with_temporary(context, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(memory, bytes, key_buffers, value_buffers,
                                           static_cast<uint32_t>(count), 0, bits,
                                           on_cuda(context).cuda_stream());
  });
  if (value_buffers.Current() != values.data()) values.swap(other);
  return key_buffers.Current();
}

void exclusive_sum(Context& context, const uint32_t* from, uint32_t* to, int64_t count) {
  if (count == 0) return;
  with_temporary(context, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(memory, bytes, from, to, static_cast<uint32_t>(count),
                                         on_cuda(context).cuda_stream());
  });
}

}  // namespace diorama::cuda
