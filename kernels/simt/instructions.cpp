#include "kernels/simt/instructions.h"

#include <cmath>
#include <cstring>

#include "kernels/common/elements.h"
#include "kernels/simt/block.h"
#include "kernels/simt/device.h"

namespace diorama::simt {
namespace {

float half_of(uint32_t pair, int which, bool bf16) {
  const uint16_t bits = static_cast<uint16_t>(pair >> (16 * which));
  return bf16 ? from_bf16(bits) : from_f16(bits);
}

struct MmaOperands {
  float* d;
  const uint32_t* a;
  const uint32_t* b;
};

// d[16, 8] += a[16, K] b[K, 8], gathered from and spread over the lanes' fragments. Sums are f32, in the
// order of k; a card's own order is not documented.
template <int K>
void multiply(WarpCall& call, const float (&a)[16][K], const float (&b)[K][8]) {
  for (int lane = 0; lane < kWarp; ++lane) {
    float* d = static_cast<MmaOperands*>(call.arguments[lane])->d;
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      float sum = 0;
      for (int k = 0; k < K; ++k) sum += a[row][k] * b[k][column];
      d[i] += sum;
    }
  }
}

template <bool kBf16>
void perform_mma(WarpCall& call) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < kWarp; ++lane) {
    const auto* operands = static_cast<const MmaOperands*>(call.arguments[lane]);
    const int g = lane / 4, p = lane % 4;
    for (int h = 0; h < 2; ++h) {
      for (int i = 0; i < 4; ++i)
        a[g + 8 * (i % 2)][2 * p + 8 * (i / 2) + h] = half_of(operands->a[i], h, kBf16);
      for (int i = 0; i < 2; ++i) b[2 * p + 8 * i + h][g] = half_of(operands->b[i], h, kBf16);
    }
  }
  multiply(call, a, b);
}

void perform_tf32(WarpCall& call) {
  float a[16][8], b[8][8];
  for (int lane = 0; lane < kWarp; ++lane) {
    const auto* operands = static_cast<const MmaOperands*>(call.arguments[lane]);
    const int g = lane / 4, p = lane % 4;
    // The unit looks at the upper 19 bits alone.
    for (int i = 0; i < 4; ++i) {
      a[g + 8 * (i % 2)][p + 4 * (i / 2)] = std::bit_cast<float>(operands->a[i] & 0xFFFFE000u);
    }
    for (int i = 0; i < 2; ++i) b[p + 4 * i][g] = std::bit_cast<float>(operands->b[i] & 0xFFFFE000u);
  }
  multiply(call, a, b);
}

struct MatrixRows {
  uint32_t* r;
  const void* row;
};

template <bool kTransposed>
void perform_ldmatrix(WarpCall& call) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t elements[8][8];
    for (int row = 0; row < 8; ++row) {
      const auto* from = static_cast<const MatrixRows*>(call.arguments[matrix * 8 + row]);
      std::memcpy(elements[row], from->row, 16);
    }
    for (int lane = 0; lane < kWarp; ++lane) {
      const int row = lane / 4, column = 2 * (lane % 4);
      const uint32_t low = kTransposed ? elements[column][row] : elements[row][column];
      const uint32_t high = kTransposed ? elements[column + 1][row] : elements[row][column + 1];
      static_cast<MatrixRows*>(call.arguments[lane])->r[matrix] = low | high << 16;
    }
  }
}

}  // namespace

void require_aligned(const char* what, const void* address, int bytes) {
  if (reinterpret_cast<std::uintptr_t>(address) % static_cast<unsigned>(bytes) != 0) {
    Block::running()->fail(std::string("gives ") + what + " an address that is no multiple of " +
                           std::to_string(bytes));
  }
}

void require_shared(const char* what, const void* address, int bytes) {
  Block& block = *Block::running();
  const std::uintptr_t offset =
      reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(block.shared());
  if (offset > block.shared_bytes() || offset + static_cast<unsigned>(bytes) > block.shared_bytes()) {
    block.fail(std::string("gives ") + what + " an address outside of its " +
               std::to_string(block.shared_bytes()) + " bytes of shared memory");
  }
}

uint32_t shared_address(const void* pointer) {
  require_shared("a shared address", pointer, 1);
  return static_cast<uint32_t>(static_cast<const char*>(pointer) - Block::running()->shared());
}

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool bf16) {
  MmaOperands operands = {d, a, b};
  Block::running()->meet("mma", kAllLanes, &operands, bf16 ? perform_mma<true> : perform_mma<false>);
}

void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  MmaOperands operands = {d, a, b};
  Block::running()->meet("mma", kAllLanes, &operands, perform_tf32);
}

uint32_t to_tf32(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7F800000u) == 0x7F800000u) return bits;
  return (bits + 0x1000u) & 0xFFFFE000u;
}

void ldmatrix_x4(uint32_t (&r)[4], const void* row, bool transposed) {
  require_aligned("ldmatrix", row, 16);
  require_shared("ldmatrix", row, 16);
  MatrixRows rows = {r, row};
  Block::running()->meet("ldmatrix", kAllLanes, &rows,
                         transposed ? perform_ldmatrix<true> : perform_ldmatrix<false>);
}

void cp_async(void* to, const void* from, int bytes, bool valid) {
  require_aligned("cp.async", to, bytes);
  require_aligned("cp.async", from, bytes);
  require_shared("cp.async", to, bytes);
  std::memset(to, 0xFF, static_cast<std::size_t>(bytes));
  Thread& thread = Block::running()->current();
  thread.copies.push_back({to, from, bytes, valid, thread.copy_group});
}

void cp_async_commit() { ++Block::running()->current().copy_group; }

void cp_async_wait(int groups_left) {
  Thread& thread = Block::running()->current();
  const int64_t finished = thread.copy_group - groups_left;
  std::size_t done = 0;
  while (done < thread.copies.size() && thread.copies[done].group < finished) {
    const PendingCopy& copy = thread.copies[done++];
    if (copy.valid) {
      std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.bytes));
    } else {
      std::memset(copy.to, 0, static_cast<std::size_t>(copy.bytes));
    }
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + static_cast<std::ptrdiff_t>(done));
}

float ex2(float x) {
  const float result = std::exp2(x);
  return result < 0x1p-126f ? 0.0f : result;
}

float rcp(float x) {
  const auto flushed = [](float value) {
    return std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value;
  };
  return flushed(1.0f / flushed(x));
}

}  // namespace diorama::simt
