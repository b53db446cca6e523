#pragma once

// Stand-ins for what Hopper brought besides wgmma (wgmma.h): mbarriers with phases and bytes, bulk tensor
// copies, setmaxnreg. Semantics as in NVIDIA's PTX ISA. What is asynchronous on a card is done as late as
// it may be, so that a kernel that does not wait reads NaN: a copy to shared memory by the first thread that
// asks its barrier, a copy from it by the wait for its group.

#include <cuda.h>

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kernels/simt/block.h"

namespace diorama::simt {

// What cuTensorMapEncodeTiled's stand-in writes into a CUtensorMap.
struct TensorMap {
  static constexpr uint32_t kMagic = 0x70A34A90u;
  uint32_t magic;
  uint8_t rank, element_bytes, swizzle;
  char* data;
  uint64_t sizes[5];
  uint64_t strides[4];  // in bytes
  uint16_t box[5];
};
static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap));

// A box of a tensor and where it lies, or is to lie, in shared memory.
struct TensorCopy {
  TensorMap map;
  int32_t at[5];
  char* shared;
};

// What a block of a Hopper kernel keeps beside its memory.
struct HopperBlock final : Attachment {
  explicit HopperBlock(const Block& block)
      : threads(static_cast<std::size_t>(block.threads())),
        registers(static_cast<std::size_t>((block.threads() + kWarp - 1) / kWarp), 0) {}
  std::string unfinished(const Block& block) const override;

  std::unordered_map<const void*, std::vector<TensorCopy>> loads;  // under way, by mbarrier
  struct Store {
    TensorCopy copy;
    int64_t group;
  };
  struct ThreadStores {
    std::vector<Store> stores;
    int64_t group = 0;
  };
  std::vector<ThreadStores> threads;
  std::vector<int> registers;  // of each warp, as setmaxnreg left them
};

void mbarrier_init(uint64_t* barrier, int arrivals);
void mbarrier_arrive(uint64_t* barrier, uint32_t expected_bytes);
void mbarrier_wait(uint64_t* barrier, uint32_t parity);

void tensor_load(void* to, const CUtensorMap& map, const int32_t* at, int rank, uint64_t* barrier);
void tensor_store(const CUtensorMap& map, const int32_t* at, int rank, const void* from);
void tensor_store_commit();
void tensor_store_wait_read(int groups_left);

void setmaxnreg(int registers);

// The place in memory after the swizzle of the 128-byte mode: address bits 4 to 6 are XORed with bits 7 to 9.
constexpr uint32_t swizzle_128(uint32_t address) { return address ^ (address >> 7 & 7) << 4; }

}  // namespace diorama::simt
