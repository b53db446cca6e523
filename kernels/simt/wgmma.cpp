#include "kernels/simt/wgmma.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "kernels/common/elements.h"
#include "kernels/simt/block.h"
#include "kernels/simt/device.h"
#include "kernels/simt/hopper.h"

namespace diorama::simt {
namespace {

constexpr int kDepth = 16;  // elements of k in one product
constexpr int kMaxColumns = 256;
constexpr uint32_t kPoison = 0xFFFFFFFFu;

// One wgmma.mma_async as one thread gave it.
struct Product {
  float* d;
  int columns;
  const uint32_t* a_registers;  // null: by descriptor
  uint32_t a_were[4];
  uint64_t a, b;
  bool transposed_a, transposed_b, accumulate, bf16;
  int64_t group;

  // Whether the other threads of a warpgroup may give this to the same instruction.
  bool agrees(const Product& other) const {
    return columns == other.columns && (a_registers == nullptr) == (other.a_registers == nullptr) &&
           a == other.a && b == other.b && transposed_a == other.transposed_a &&
           transposed_b == other.transposed_b && accumulate == other.accumulate && bf16 == other.bf16;
  }
};

struct WgmmaThread {
  std::vector<Product> products;                        // asked for and not waited for
  std::unordered_map<float*, std::vector<float>> sums;  // what the poisoned accumulators stand for
  int64_t group = 0;
  int64_t asked = 0;
  bool fenced = false;
};

struct WgmmaBlock final : Attachment {
  explicit WgmmaBlock(const Block& block) : threads(static_cast<std::size_t>(block.threads())) {}
  std::string unfinished(const Block&) const override {
    for (std::size_t i = 0; i < threads.size(); ++i) {
      if (!threads[i].products.empty()) return "returns with products of wgmma that nobody waited for";
      if (threads[i].asked != threads[i / 128 * 128].asked) {
        return "asks for different numbers of wgmma in the threads of a warpgroup";
      }
    }
    return "";
  }
  std::vector<WgmmaThread> threads;
};

WgmmaBlock& wgmma_block() { return Block::running()->attachment<WgmmaBlock>(); }
WgmmaThread& mine() {
  return wgmma_block().threads[static_cast<std::size_t>(Block::running()->current().number)];
}

float element(uint16_t bits, bool bf16) { return bf16 ? from_bf16(bits) : from_f16(bits); }

// A matrix in shared memory by its descriptor, PTX ISA "Matrix Descriptor Format": all in 16 bytes.
class SharedMatrix {
 public:
  SharedMatrix(uint64_t descriptor, bool transposed, bool bf16)
      : start_(static_cast<uint32_t>(descriptor & 0x3FFF) << 4),
        leading_(static_cast<uint32_t>(descriptor >> 16 & 0x3FFF) << 4),
        stride_(static_cast<uint32_t>(descriptor >> 32 & 0x3FFF) << 4),
        transposed_(transposed),
        bf16_(bf16) {
    if (descriptor >> 62 != 1) {
      Block::running()->fail(
          "gives wgmma a matrix that is not in the 128-byte swizzle, the only one known here");
    }
    if ((descriptor >> 49 & 7) != 0) Block::running()->fail("gives wgmma a base offset, expected 0");
  }

  // Element (row, k), where rows are those of a, or the columns of b. Where k is innermost, 8 rows of 128
  // bytes make a block, and blocks are stride apart. Where it is not, k has the rows of 128 bytes, blocks of
  // 8 k are stride apart, and rows beyond 64 are in another column of blocks, leading further.
  float at(int row, int k) const {
    const uint32_t r = static_cast<uint32_t>(row), c = static_cast<uint32_t>(k);
    const uint32_t address = transposed_
                                 ? start_ + r / 64 * leading_ + r % 64 * 2 + c / 8 * stride_ + c % 8 * 128
                                 : start_ + r / 8 * stride_ + r % 8 * 128 + c * 2;
    const uint32_t place = swizzle_128(address);
    Block& block = *Block::running();
    if (place + 2 > block.shared_bytes()) {
      block.fail("makes wgmma read byte " + std::to_string(place) + " of its " +
                 std::to_string(block.shared_bytes()) + " bytes of shared memory");
    }
    uint16_t bits;
    std::memcpy(&bits, block.shared() + place, 2);
    return element(bits, bf16_);
  }

 private:
  uint32_t start_, leading_, stride_;
  bool transposed_, bf16_;
};

struct WaitCall {
  WgmmaThread* thread;
  int64_t finished;  // groups below
};

// Row 16 w + r of a for the rows of warp w; lane 4 (r % 8) + k % 8 / 2 holds it in registers.
void gather_rows(const WarpCall& call, std::size_t index, int warp, float (&a)[16][kDepth]) {
  const Product& first = static_cast<const WaitCall*>(call.arguments[0])->thread->products[index];
  if (first.a_registers == nullptr) {
    const SharedMatrix matrix(first.a, first.transposed_a, first.bf16);
    for (int row = 0; row < 16; ++row) {
      for (int k = 0; k < kDepth; ++k) a[row][k] = matrix.at(16 * warp + row, k);
    }
    return;
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    const Product& own = static_cast<const WaitCall*>(call.arguments[lane])->thread->products[index];
    if (std::memcmp(own.a_registers, own.a_were, sizeof(own.a_were)) != 0) {
      Block::running()->fail("changed registers that wgmma was still to read; wait first");
    }
    for (int i = 0; i < 4; ++i) {
      for (int h = 0; h < 2; ++h) {
        const auto bits = static_cast<uint16_t>(own.a_registers[i] >> (16 * h));
        a[lane / 4 + 8 * (i % 2)][2 * (lane % 4) + 8 * (i / 2) + h] = element(bits, first.bf16);
      }
    }
  }
}

// One product for the 16 rows of a warp. Sums are f32 in the order of k; a card's own order and rounding
// inside the unit are not documented.
void multiply(const WarpCall& call, std::size_t index, int warp) {
  const Product& first = static_cast<const WaitCall*>(call.arguments[0])->thread->products[index];
  static thread_local float a[16][kDepth], b[kDepth][kMaxColumns], d[16][kMaxColumns];
  gather_rows(call, index, warp, a);
  const SharedMatrix matrix(first.b, first.transposed_b, first.bf16);
  for (int k = 0; k < kDepth; ++k) {
    for (int n = 0; n < first.columns; ++n) b[k][n] = matrix.at(n, k);
  }
  const auto each = [&](auto&& body) {
    for (int lane = 0; lane < kWarp; ++lane) {
      WgmmaThread& thread = *static_cast<const WaitCall*>(call.arguments[lane])->thread;
      float* sums = thread.sums.at(thread.products[index].d).data();
      for (int i = 0; i < first.columns / 2; ++i) {
        body(sums[i], d[lane / 4 + 8 * (i / 2 % 2)][i / 4 * 8 + 2 * (lane % 4) + i % 2]);
      }
    }
  };
  each([&](float& sum, float& cell) { cell = first.accumulate ? sum : 0.0f; });
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < kDepth; ++k) {
      for (int n = 0; n < first.columns; ++n) d[row][n] += a[row][k] * b[k][n];
    }
  }
  each([](float& sum, float& cell) { sum = cell; });
}

void perform_wait(WarpCall& call) {
  Block& block = *Block::running();
  const auto& first = *static_cast<const WaitCall*>(call.arguments[0]);
  std::size_t count = 0;
  while (count < first.thread->products.size() && first.thread->products[count].group < first.finished)
    ++count;
  for (int lane = 1; lane < kWarp; ++lane) {
    const auto& other = *static_cast<const WaitCall*>(call.arguments[lane]);
    bool same =
        other.finished == first.finished && other.thread->products.size() == first.thread->products.size();
    for (std::size_t i = 0; same && i < count; ++i) {
      same = other.thread->products[i].agrees(first.thread->products[i]);
    }
    if (!same) block.fail("asked wgmma for other products than other lanes of its warp");
  }
  const int warp = block.current().number / kWarp % 4;
  for (std::size_t i = 0; i < count; ++i) multiply(call, i, warp);
  for (int lane = 0; lane < kWarp; ++lane) {
    WgmmaThread& thread = *static_cast<const WaitCall*>(call.arguments[lane])->thread;
    thread.products.erase(thread.products.begin(),
                          thread.products.begin() + static_cast<std::ptrdiff_t>(count));
    std::erase_if(thread.sums, [&](const auto& entry) {
      for (const Product& product : thread.products) {
        if (product.d == entry.first) return false;
      }
      for (std::size_t i = 0; i < entry.second.size(); ++i) {
        uint32_t bits;
        std::memcpy(&bits, entry.first + i, 4);
        if (bits != kPoison) block.fail("wrote to accumulators of wgmma before it waited for them");
        entry.first[i] = entry.second[i];
      }
      return true;
    });
  }
}

void ask(Product product) {
  Block& block = *Block::running();
  WgmmaThread& thread = mine();
  if (block.threads() % 128 != 0) block.fail("uses wgmma in a block that is not made of warpgroups");
  if (!thread.fenced) block.fail("uses wgmma without wgmma.fence before");
  if (product.columns % 8 != 0 || product.columns < 8 || product.columns > kMaxColumns) {
    block.fail("asks wgmma for " + std::to_string(product.columns) +
               " columns, expected a multiple of 8 from 8 to 256");
  }
  product.group = thread.group;
  const auto values = static_cast<std::size_t>(product.columns / 2);
  if (thread.sums.find(product.d) == thread.sums.end()) {
    thread.sums[product.d].assign(product.d, product.d + values);
    std::memset(product.d, 0xFF, values * sizeof(float));
  }
  thread.products.push_back(product);
  ++thread.asked;
}

}  // namespace

void wgmma_fence() { mine().fenced = true; }

void wgmma_commit() {
  WgmmaThread& thread = mine();
  ++thread.group;
  thread.fenced = false;
}

void wgmma_wait(int groups_left) {
  WgmmaThread& thread = mine();
  WaitCall call = {&thread, thread.group - groups_left};
  Block::running()->meet("wgmma.wait_group", kAllLanes, &call, perform_wait);
}

void wgmma_shared(float* d, int columns, uint64_t a, uint64_t b, bool transposed_a, bool transposed_b,
                  bool accumulate, bool bf16) {
  ask({d, columns, nullptr, {}, a, b, transposed_a, transposed_b, accumulate, bf16, 0});
}

void wgmma_registers(float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool transposed_b,
                     bool accumulate, bool bf16) {
  ask({d, columns, a, {a[0], a[1], a[2], a[3]}, 0, b, false, transposed_b, accumulate, bf16, 0});
}

}  // namespace diorama::simt
