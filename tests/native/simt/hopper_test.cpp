// The stand-ins of Hopper's instructions: that they do what a card does, and that what a kernel does wrong is
// told.
#include "kernels/cuda/ptx_sm90.cuh"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "simt_run.h"

using namespace diorama;
using namespace diorama::cuda;
using diorama::test::Device;
using diorama::test::run;

namespace {

// Blocks as large as Hopper's.
const int kPretended = setenv("DIORAMA_SIMT_DEVICE", "sm_90", 1);

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*,
                            const cuuint64_t*, const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave,
                            CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

// Rows of `columns` 16-bit elements, boxes of 64 x box_rows.
CUresult encode(CUtensorMap* map, void* data, cuuint64_t rows, cuuint64_t columns, cuuint32_t box_rows,
                cuuint32_t box_columns = 64) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found;
  cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found);
  REQUIRE(found == cudaDriverEntryPointSuccess);
  const cuuint64_t sizes[] = {columns, rows}, strides[] = {columns * 2};
  const cuuint32_t box[] = {box_columns, box_rows}, steps[] = {1, 1};
  return reinterpret_cast<Encode>(function)(map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, data, sizes, strides,
                                            box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                            CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                                            CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

CUtensorMap map_of(const Device<uint16_t>& data, cuuint64_t rows, cuuint64_t columns, cuuint32_t box_rows) {
  CUtensorMap map;
  REQUIRE(encode(&map, data.get(), rows, columns, box_rows) == CUDA_SUCCESS);
  return map;
}

std::vector<uint16_t> counting(std::size_t n) {
  std::vector<uint16_t> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<uint16_t>(i + 1);
  return values;
}

// Small whole numbers, whose products and sums are exact.
float small(std::size_t i) { return static_cast<float>(i * 7919 % 9) - 4; }
std::vector<uint16_t> small_bf16(std::size_t n) {
  std::vector<uint16_t> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = from_float<bf16>(small(i)).bits;
  return values;
}

struct Barriers {
  Mbarrier a, b;
};

template <int kRows>
struct Tile {
  uint16_t values[kRows][64];
  Mbarrier full;
};

template <int kColumns>
struct Product {
  uint16_t a[64][64];
  uint16_t b[kColumns][64];              // [N, K], k innermost
  uint16_t b_transposed[64 * kColumns];  // [N / 64][K][64]
  Mbarrier full;
};

bool tells(const std::string& report, const char* what) { return report.find(what) != std::string::npos; }

}  // namespace

TEST_CASE("hopper: an mbarrier's phases, by arrivals and by bytes") {
  REQUIRE(kPretended == 0);
  Device<int> out(64);
  int* to = out.get();
  CHECK(run(1, 64, sizeof(Barriers), [=] {
          DIO_SHARED(Barriers, shared);
          const int t = static_cast<int>(threadIdx.x);
          if (t == 0) {
            mbarrier_init(&shared.a, 32);
            mbarrier_init(&shared.b, 1);
            mbarrier_init_fence();
            to[0] = 0;
            mbarrier_wait(&shared.a, 1);  // the phase before the first
          }
          __syncthreads();
          for (uint32_t round = 0; round < 5; ++round) {
            if (t < 32) {
              if (t == 5) to[0] += 1;
              mbarrier_arrive(&shared.a);
              mbarrier_wait(&shared.b, round & 1);
            } else {
              mbarrier_wait(&shared.a, round & 1);
              to[t] = to[0];
              __syncwarp();
              mbarrier_arrive_if(&shared.b, t == 40);
            }
          }
        }) == "");
  CHECK(out.read()[50] == 5);
  CHECK(tells(run(1, 32, sizeof(Barriers),
                  [] {
                    DIO_SHARED(Barriers, shared);
                    mbarrier_wait(&shared.a, 0);
                  }),
              "not initialised"));
  CHECK(tells(run(1, 1, sizeof(Barriers),
                  [] {
                    DIO_SHARED(Barriers, shared);
                    mbarrier_init(&shared.a, 2);
                    mbarrier_arrive(&shared.a);
                    mbarrier_wait(&shared.a, 0);
                  }),
              "1 wait at an mbarrier"));
  CHECK(tells(run(1, 1, sizeof(Barriers),
                  [] {
                    DIO_SHARED(Barriers, shared);
                    mbarrier_init(&shared.a, 1);
                    mbarrier_arrive_expect_tx(&shared.a, 16);
                    mbarrier_arrive(&shared.a);
                  }),
              "waiting for bytes"));
}

TEST_CASE("hopper: a box comes swizzled, with zeros around the tensor, and not before its phase is over") {
  const Device<uint16_t> in(counting(10 * 72)), out(16 * 64 + 2);
  const CUtensorMap map = map_of(in, 10, 72, 16);
  uint16_t* to = out.get();
  CHECK(run(1, 1, sizeof(Tile<16>), [=] {
          DIO_SHARED(Tile<16>, shared);
          mbarrier_init(&shared.full, 1);
          mbarrier_arrive_expect_tx(&shared.full, 16 * 128);
          tensor_load<2>(shared.values, map, {16, 3}, &shared.full);
          to[1024] = shared.values[0][0];
          mbarrier_wait(&shared.full, 0);
          to[1025] = shared.values[0][0];
          for (int i = 0; i < 16 * 64; ++i) to[i] = (&shared.values[0][0])[i];
        }) == "");
  const auto result = out.read();
  CHECK(result[1024] == 0xFFFF);
  CHECK(result[1025] == 3 * 72 + 16 + 1);
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 64; ++column) {
      const int unit = column / 8 ^ row % 8;  // 16 bytes
      const bool inside = row + 3 < 10 && column + 16 < 72;
      CHECK(result[static_cast<std::size_t>(row * 64 + unit * 8 + column % 8)] ==
            (inside ? (row + 3) * 72 + column + 16 + 1 : 0));
    }
  }
  CHECK(tells(run(1, 1, sizeof(Tile<16>),
                  [=] {
                    DIO_SHARED(Tile<16>, shared);
                    mbarrier_init(&shared.full, 1);
                    tensor_load<2>(shared.values, map, {0, 0}, &shared.full);
                  }),
              "nobody waited for"));
  CHECK(tells(run(1, 1, sizeof(Tile<16>),
                  [=] {
                    DIO_SHARED(Tile<16>, shared);
                    mbarrier_init(&shared.full, 1);
                    tensor_load<2>(shared.values[1], map, {0, 0}, &shared.full);
                  }),
              "shared memory"));
}

TEST_CASE("hopper: a box goes back, but for what lies outside; the driver's rules") {
  const Device<uint16_t> in(counting(16 * 64)), out(std::vector<uint16_t>(10 * 72, 7));
  const CUtensorMap from = map_of(in, 16, 64, 16), to = map_of(out, 10, 72, 16);
  const auto kernel = [=](bool wait) {
    DIO_SHARED(Tile<16>, shared);
    mbarrier_init(&shared.full, 1);
    mbarrier_arrive_expect_tx(&shared.full, 16 * 128);
    tensor_load<2>(shared.values, from, {0, 0}, &shared.full);
    mbarrier_wait(&shared.full, 0);
    tensor_store<2>(to, {16, 3}, shared.values);
    tensor_store_commit();
    if (wait) tensor_store_wait_read<0>();
  };
  CHECK(run(1, 1, sizeof(Tile<16>), [=] { kernel(true); }) == "");
  const auto result = out.read();
  for (int row = 0; row < 10; ++row) {
    for (int column = 0; column < 72; ++column) {
      const bool inside = row >= 3 && column >= 16;
      CHECK(result[static_cast<std::size_t>(row * 72 + column)] ==
            (inside ? (row - 3) * 64 + column - 16 + 1 : 7));
    }
  }
  CHECK(tells(run(1, 1, sizeof(Tile<16>), [=] { kernel(false); }), "under way"));

  CUtensorMap map;
  CHECK(encode(&map, in.get() + 4, 16, 64, 16) == CUDA_ERROR_INVALID_VALUE);    // 8 bytes off
  CHECK(encode(&map, in.get(), 16, 60, 16) == CUDA_ERROR_INVALID_VALUE);        // rows of 120 bytes
  CHECK(encode(&map, in.get(), 16, 64, 257) == CUDA_ERROR_INVALID_VALUE);       // a box too high
  CHECK(encode(&map, in.get(), 16, 128, 16, 128) == CUDA_ERROR_INVALID_VALUE);  // wider than the swizzle
}

TEST_CASE("hopper: wgmma from shared memory, from registers, with b both ways round") {
  constexpr int kN = 128;
  const auto a_values = small_bf16(64 * 64), b_values = small_bf16(kN * 64 + 5);
  // b [N, K], and the same as [K, N].
  std::vector<uint16_t> b(b_values.begin() + 5, b_values.end()), b_turned(64 * kN);
  for (std::size_t n = 0; n < kN; ++n) {
    for (std::size_t k = 0; k < 64; ++k) b_turned[k * kN + n] = b[n * 64 + k];
  }
  const Device<uint16_t> a_in(a_values), b_in(b), b_turned_in(b_turned);
  const CUtensorMap a_map = map_of(a_in, 64, 64, 64), b_map = map_of(b_in, kN, 64, kN),
                    turned_map = map_of(b_turned_in, 64, kN, 64);
  const Device<float> out(3 * 64 * kN), early(128);
  float *to = out.get(), *before = early.get();
  const uint16_t* a_rows = a_in.get();
  CHECK(run(1, 128, sizeof(Product<kN>), [=] {
          DIO_SHARED(Product<kN>, shared);
          const int t = static_cast<int>(threadIdx.x);
          if (t == 0) {
            mbarrier_init(&shared.full, 1);
            mbarrier_init_fence();
            mbarrier_arrive_expect_tx(&shared.full, (64 + 2 * kN) * 128);
            tensor_load<2>(shared.a, a_map, {0, 0}, &shared.full);
            tensor_load<2>(shared.b, b_map, {0, 0}, &shared.full);
            for (int half = 0; half < kN / 64; ++half) {
              tensor_load<2>(shared.b_transposed + half * 64 * 64, turned_map, {64 * half, 0}, &shared.full);
            }
          }
          __syncthreads();
          mbarrier_wait(&shared.full, 0);
          const uint64_t a = wgmma_tile(shared.a, 1024), by_k = wgmma_tile(shared.b, 1024),
                         by_n = wgmma_tile(shared.b_transposed, 1024, 64 * 128);
          const int row = t / 32 * 16 + t % 32 / 4, column = t % 4 * 2;
          uint32_t registers[4][4];
          for (int step = 0; step < 4; ++step) {
            for (int i = 0; i < 4; ++i) {
              const uint16_t* at = a_rows + (row + i % 2 * 8) * 64 + step * 16 + i / 2 * 8 + column;
              registers[step][i] = at[0] | static_cast<uint32_t>(at[1]) << 16;
            }
          }
          float d[3][kN / 2];
          wgmma_fence();
          for (int k = 0; k < 4; ++k) {
            wgmma<bf16>(d[0], wgmma_advance(a, 32 * k), wgmma_advance(by_k, 32 * k), k > 0);
            wgmma<bf16, false, true>(d[1], wgmma_advance(a, 32 * k), wgmma_advance(by_n, 2048 * k), k > 0);
            wgmma<bf16, true>(d[2], registers[k], wgmma_advance(by_n, 2048 * k), k > 0);
          }
          wgmma_commit();
          before[t] = d[1][3];
          wgmma_wait<0>();
          wgmma_hold(registers);
          for (int way = 0; way < 3; ++way) {
            wgmma_hold(d[way]);
            for (int i = 0; i < kN / 2; ++i) {
              to[(way * 64 + row + i % 4 / 2 * 8) * kN + i / 4 * 8 + column + i % 2] = d[way][i];
            }
          }
        }) == "");
  for (const float value : early.read()) CHECK(std::isnan(value));
  const auto result = out.read();
  for (std::size_t way = 0; way < 3; ++way) {
    for (std::size_t m = 0; m < 64; ++m) {
      for (std::size_t n = 0; n < kN; ++n) {
        float sum = 0;
        for (std::size_t k = 0; k < 64; ++k) sum += small(m * 64 + k) * small(n * 64 + k + 5);
        CHECK(result[(way * 64 + m) * kN + n] == sum);
      }
    }
  }
}

TEST_CASE("hopper: what wgmma must not be done to") {
  const auto with = [](auto body) {
    return run(1, 128, sizeof(Product<64>), [=] {
      DIO_SHARED(Product<64>, shared);
      for (int i = 0; i < 64; ++i) shared.b[i][threadIdx.x % 64] = 0;
      __syncthreads();
      float d[32] = {};
      uint32_t a[4] = {};
      body(d, a, wgmma_tile(shared.b, 1024));
    });
  };
  CHECK(with([](auto& d, auto& a, uint64_t b) {
          wgmma_fence();
          wgmma<bf16>(d, a, b, true);
          wgmma_commit();
          wgmma_wait<0>();
        }) == "");
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) { wgmma<bf16>(d, a, b, true); }), "without wgmma.fence"));
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) {
                wgmma_fence();
                wgmma<bf16>(d, a, b, true);
                wgmma_commit();
                a[1] = 3;
                wgmma_wait<0>();
              }),
              "still to read"));
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) {
                wgmma_fence();
                wgmma<bf16>(d, a, b, true);
                wgmma_commit();
                d[1] = 3;
                wgmma_wait<0>();
              }),
              "before it waited"));
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) {
                wgmma_fence();
                wgmma<bf16>(d, a, b, true);
                wgmma_commit();
              }),
              "nobody waited for"));
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) {
                wgmma_fence();
                if (threadIdx.x < 32) wgmma<bf16>(d, a, b, true);
                wgmma_commit();
                wgmma_wait<0>();
              }),
              "different numbers of wgmma"));
  CHECK(tells(with([](auto& d, auto& a, uint64_t b) {
                wgmma_fence();
                wgmma<bf16>(d, a, wgmma_advance(b, 32768), true);
                wgmma_commit();
                wgmma_wait<0>();
              }),
              "shared memory"));
}

TEST_CASE("hopper: setmaxnreg gives no more registers than there are") {
  CHECK(run(1, 384, 0, [] {
          if (threadIdx.x < 128) {
            setmaxnreg_dec<24>();
          } else {
            setmaxnreg_inc<240>();
          }
        }) == "");
  CHECK(tells(run(1, 384, 0,
                  [] {
                    if (threadIdx.x < 128) {
                      setmaxnreg_dec<40>();
                    } else {
                      setmaxnreg_inc<240>();
                    }
                  }),
              "registers, but a block has"));
  CHECK(tells(run(1, 128, 0,
                  [] {
                    if (threadIdx.x < 32) setmaxnreg_dec<24>();
                  }),
              "some warps"));
}
