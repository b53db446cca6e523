#include "kernels/simt/hopper.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/simt/device.h"

namespace diorama::simt {
namespace {

// What the 8 bytes of an mbarrier hold here.
struct Phase {
  uint64_t bytes : 32;     // still to come, modulo 2^32
  uint64_t pending : 12;   // arrivals still to come
  uint64_t arrivals : 12;  // of every phase
  uint64_t parity : 1;     // of the phase that is not over
  uint64_t magic : 7;
};
constexpr uint64_t kMagic = 0x5A;
constexpr int kMaxArrivals = (1 << 12) - 1;

HopperBlock& hopper() { return Block::running()->attachment<HopperBlock>(); }

Phase phase_at(const uint64_t* barrier) {
  require_shared("an mbarrier", barrier, 8);
  const Phase phase = std::bit_cast<Phase>(*barrier);
  if (phase.magic != kMagic) Block::running()->fail("uses an mbarrier that was not initialised");
  return phase;
}

void put(uint64_t* barrier, Phase phase) {
  if (phase.pending == 0 && phase.bytes == 0) {
    phase.parity ^= 1;
    phase.pending = phase.arrivals;
  }
  *barrier = std::bit_cast<uint64_t>(phase);
}

const TensorMap& decode(const CUtensorMap& map, int rank) {
  const auto& decoded = *reinterpret_cast<const TensorMap*>(&map);
  if (reinterpret_cast<std::uintptr_t>(&map) % 64 != 0 || decoded.magic != TensorMap::kMagic ||
      decoded.rank != rank) {
    Block::running()->fail("copies by something that is no tensor map of rank " + std::to_string(rank));
  }
  return decoded;
}

uint32_t box_bytes(const TensorMap& map) {
  uint32_t bytes = map.element_bytes;
  for (int i = 0; i < map.rank; ++i) bytes *= map.box[i];
  return bytes;
}

TensorCopy copy_of(const char* what, const CUtensorMap& map, const int32_t* at, int rank,
                   const void* shared) {
  TensorCopy copy = {decode(map, rank), {}, static_cast<char*>(const_cast<void*>(shared))};
  std::copy_n(at, rank, copy.at);
  require_shared(what, shared, static_cast<int>(box_bytes(copy.map)));
  require_aligned(what, shared, copy.map.swizzle == CU_TENSOR_MAP_SWIZZLE_128B ? 1024 : 128);
  return copy;
}

// Calls piece(in the tensor, in shared memory, bytes inside the tensor) for every 16 bytes of the box.
template <typename Piece>
void for_each_piece(const TensorCopy& copy, const Piece& piece) {
  const TensorMap& map = copy.map;
  char* const base = Block::running()->shared();
  const uint32_t start = static_cast<uint32_t>(copy.shared - base);
  const int row_bytes = map.box[0] * map.element_bytes;
  const int rows = static_cast<int>(box_bytes(map)) / row_bytes;
  for (int row = 0; row < rows; ++row) {
    const char* from = map.data;
    bool inside = true;
    for (int axis = 1, rest = row; axis < map.rank; ++axis) {
      const int64_t at = int64_t{copy.at[axis]} + rest % map.box[axis];
      rest /= map.box[axis];
      inside = inside && at >= 0 && at < static_cast<int64_t>(map.sizes[axis]);
      if (inside) from += static_cast<uint64_t>(at) * map.strides[axis - 1];
    }
    for (int byte = 0; byte < row_bytes; byte += 16) {
      const int64_t first = int64_t{copy.at[0]} * map.element_bytes + byte;
      const int64_t left = static_cast<int64_t>(map.sizes[0]) * map.element_bytes - first;
      const uint32_t at = start + static_cast<uint32_t>(row * row_bytes + byte);
      const uint32_t place = map.swizzle == CU_TENSOR_MAP_SWIZZLE_128B ? swizzle_128(at) : at;
      const bool touches = inside && first >= 0;
      piece(from + first, base + place, touches ? static_cast<int>(std::clamp<int64_t>(left, 0, 16)) : 0);
    }
  }
}

void load(const TensorCopy& copy) {
  for_each_piece(copy, [](const char* from, char* to, int inside) {
    std::memset(to, 0, 16);
    if (inside > 0) std::memcpy(to, from, static_cast<std::size_t>(inside));
  });
}

void store(const TensorCopy& copy) {
  for_each_piece(copy, [](const char* to, char* from, int inside) {
    if (inside > 0) std::memcpy(const_cast<char*>(to), from, static_cast<std::size_t>(inside));
  });
}

struct PhaseWait {
  HopperBlock* hopper;
  uint64_t* barrier;
  uint32_t parity;
};

bool phase_is_over(void* argument) {
  const auto& wait = *static_cast<PhaseWait*>(argument);
  auto found = wait.hopper->loads.find(wait.barrier);
  if (found != wait.hopper->loads.end()) {
    for (const TensorCopy& copy : found->second) {
      load(copy);
      Phase phase = std::bit_cast<Phase>(*wait.barrier);
      phase.bytes -= box_bytes(copy.map);
      put(wait.barrier, phase);
    }
    wait.hopper->loads.erase(found);
  }
  return std::bit_cast<Phase>(*wait.barrier).parity != wait.parity;
}

struct RegisterCall {
  int registers;
};

void perform_setmaxnreg(WarpCall& call) {
  Block& block = *Block::running();
  const int registers = static_cast<RegisterCall*>(call.arguments[0])->registers;
  for (const void* argument : call.arguments) {
    if (static_cast<const RegisterCall*>(argument)->registers != registers) {
      block.fail("gives setmaxnreg different numbers in one warp");
    }
  }
  hopper().registers[static_cast<std::size_t>(block.current().number / kWarp)] = registers;
}

}  // namespace

std::string HopperBlock::unfinished(const Block& block) const {
  if (!loads.empty()) return "returns with bulk copies to shared memory that nobody waited for";
  for (const ThreadStores& thread : threads) {
    if (!thread.stores.empty()) return "returns with bulk copies from shared memory under way";
  }
  // Who has more registers has them from the pool that the launch made: as many for each thread as fit.
  const int fit = 65536 / block.threads() / 8 * 8;
  int total = 0;
  for (std::size_t warp = 0; warp < registers.size(); ++warp) {
    if (registers[warp] != registers[warp / 4 * 4]) {
      return "calls setmaxnreg in some warps of a warpgroup and not in others";
    }
    total += kWarp * (registers[warp] ? registers[warp] : std::min(fit, 255));
  }
  if (total > fit * block.threads()) {
    return "asks by setmaxnreg for " + std::to_string(total) + " registers, but a block has " +
           std::to_string(fit * block.threads());
  }
  return "";
}

void mbarrier_init(uint64_t* barrier, int arrivals) {
  require_shared("mbarrier.init", barrier, 8);
  require_aligned("mbarrier.init", barrier, 8);
  if (arrivals < 1 || arrivals > kMaxArrivals) {
    Block::running()->fail("initialises an mbarrier for " + std::to_string(arrivals) +
                           " arrivals, expected 1 to " + std::to_string(kMaxArrivals));
  }
  const auto count = static_cast<uint64_t>(arrivals);
  *barrier = std::bit_cast<uint64_t>(Phase{0, count, count, 0, kMagic});
}

void mbarrier_arrive(uint64_t* barrier, uint32_t expected_bytes) {
  Phase phase = phase_at(barrier);
  if (phase.pending == 0) {
    Block::running()->fail("arrives at an mbarrier whose phase has all its arrivals, waiting for bytes");
  }
  phase.bytes += expected_bytes;
  --phase.pending;
  put(barrier, phase);
  // Who waited for this goes first: if the thread tells too early that it has done, it shows.
  if (std::bit_cast<Phase>(*barrier).parity != phase.parity) {
    int turns = 0;
    Block::running()->wait(
        "its turn", [](void* count) { return (*static_cast<int*>(count))++ > 0; }, &turns);
  }
}

void mbarrier_wait(uint64_t* barrier, uint32_t parity) {
  phase_at(barrier);
  Block& block = *Block::running();
  PhaseWait wait = {&hopper(), barrier, parity};
  block.wait("an mbarrier", phase_is_over, &wait);
}

void tensor_load(void* to, const CUtensorMap& map, const int32_t* at, int rank, uint64_t* barrier) {
  phase_at(barrier);
  const TensorCopy copy = copy_of("a bulk copy", map, at, rank, to);
  std::memset(to, 0xFF, box_bytes(copy.map));
  hopper().loads[barrier].push_back(copy);
}

void tensor_store(const CUtensorMap& map, const int32_t* at, int rank, const void* from) {
  Block& block = *Block::running();
  auto& mine = hopper().threads[static_cast<std::size_t>(block.current().number)];
  mine.stores.push_back({copy_of("a bulk copy", map, at, rank, from), mine.group});
}

void tensor_store_commit() {
  Block& block = *Block::running();
  ++hopper().threads[static_cast<std::size_t>(block.current().number)].group;
}

void tensor_store_wait_read(int groups_left) {
  Block& block = *Block::running();
  auto& mine = hopper().threads[static_cast<std::size_t>(block.current().number)];
  const int64_t finished = mine.group - groups_left;
  std::erase_if(mine.stores, [&](const HopperBlock::Store& pending) {
    if (pending.group >= finished) return false;
    store(pending.copy);
    return true;
  });
}

void setmaxnreg(int registers) {
  if (registers < 24 || registers > 256 || registers % 8 != 0) {
    Block::running()->fail("asks setmaxnreg for " + std::to_string(registers) +
                           " registers, expected a multiple of 8 from 24 to 256");
  }
  RegisterCall call = {registers};
  Block::running()->meet("setmaxnreg", kAllLanes, &call, perform_setmaxnreg);
}

}  // namespace diorama::simt
