// kernels/simt itself: that grids, barriers and instructions do what a card does, and that what a kernel does
// wrong is told.
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "simt_run.h"

using namespace diorama;
using namespace diorama::cuda;
using diorama::test::Device;
using diorama::test::run;

namespace {

// The reports below name the thread that is first in the usual order.
const int kUsualOrder = unsetenv("DIORAMA_SIMT_ORDER");

struct Floats256 {
  float values[256];
};

float pseudo(int i) { return static_cast<float>((i * 7919 + 13) % 257 - 128) / 64.0f; }

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("simt: every thread of every block runs once") {
  REQUIRE(kUsualOrder == 0);
  Device<int> counts(std::vector<int>(3 * 5 * 2 * 4 * 3 * 2, 0));
  int* at = counts.get();
  CHECK(run({3, 5, 2}, {4, 3, 2}, 0, [=] {
          const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
          const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
          atomicAdd(at + block * 24 + thread, 1);
        }) == "");
  for (const int count : counts.read()) CHECK(count == 1);
}

TEST_CASE("simt: shared memory and barriers") {
  std::vector<float> values(7 * 256);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 100);
  Device<float> in(values), out(7);
  const float* from = in.get();
  float* to = out.get();
  CHECK(run(7, 256, sizeof(Floats256), [=] {
          DIO_SHARED(Floats256, shared);
          const int t = static_cast<int>(threadIdx.x);
          shared.values[t] = from[blockIdx.x * 256 + t];
          for (int step = 128; step > 0; step /= 2) {
            __syncthreads();
            if (t < step) shared.values[t] += shared.values[t + step];
          }
          if (t == 0) to[blockIdx.x] = shared.values[0];
        }) == "");
  const auto sums = out.read();
  for (std::size_t b = 0; b < 7; ++b) {
    CHECK(sums[b] == std::accumulate(values.begin() + b * 256, values.begin() + (b + 1) * 256, 0.0f));
  }
}

TEST_CASE("simt: shuffles and votes") {
  Device<int> out(5 * 32);
  int* to = out.get();
  CHECK(run(1, 32, 0, [=] {
          const int lane = static_cast<int>(threadIdx.x);
          to[lane] = __shfl_xor_sync(kFullWarp, lane, 5);
          to[32 + lane] = __shfl_down_sync(kFullWarp, lane, 3, 8);
          to[64 + lane] = __shfl_up_sync(kFullWarp, lane, 3, 16);
          to[96 + lane] = __shfl_sync(kFullWarp, lane, 9, 8);
          if (lane % 2 == 0) {
            to[128 + lane] = static_cast<int>(__ballot_sync(0x55555555u, lane > 20));
          } else {
            to[128 + lane] = __any_sync(0xAAAAAAAAu, lane == 3) + 2 * __all_sync(0xAAAAAAAAu, lane % 2);
          }
        }) == "");
  const auto got = out.read();
  for (int lane = 0; lane < 32; ++lane) {
    const auto at = [&](int row) { return got[static_cast<std::size_t>(32 * row + lane)]; };
    CHECK(at(0) == (lane ^ 5));
    CHECK(at(1) == (lane % 8 < 5 ? lane + 3 : lane));
    CHECK(at(2) == (lane % 16 >= 3 ? lane - 3 : lane));
    CHECK(at(3) == lane / 8 * 8 + 1);
    CHECK(at(4) == (lane % 2 ? 3 : 0x55400000));
  }
}

TEST_CASE("simt: reductions") {
  Device<float> out(192);
  float* to = out.get();
  CHECK(run(1, 192, 64, [=] {
          DIO_SHARED(float[6], partial);
          to[threadIdx.x] = block_sum<192>(static_cast<float>(threadIdx.x), partial);
        }) == "");
  for (const float sum : out.read()) CHECK(sum == 192 * 191 / 2);
}

TEST_CASE_TEMPLATE("simt: a product by ldmatrix and mma", T, f16, bf16) {
  struct Tiles {
    T a[16][16];  // [row][k]
    T b[16][8];   // [k][column]: its fragment is read transposed
    T spare[8][8];
  };
  std::vector<float> a(256), b(128);
  for (int i = 0; i < 256; ++i) a[static_cast<std::size_t>(i)] = pseudo(i);
  for (int i = 0; i < 128; ++i) b[static_cast<std::size_t>(i)] = pseudo(i + 1000);
  Device<float> device_a(a), device_b(b), out(128);
  const float *from_a = device_a.get(), *from_b = device_b.get();
  float* to = out.get();
  CHECK(run(1, 32, sizeof(Tiles), [=] {
          DIO_SHARED(Tiles, tiles);
          const int lane = static_cast<int>(threadIdx.x);
          for (int i = lane; i < 256; i += 32) tiles.a[i / 16][i % 16] = from_float<T>(from_a[i]);
          for (int i = lane; i < 128; i += 32) tiles.b[i / 8][i % 8] = from_float<T>(from_b[i]);
          __syncwarp();
          uint32_t fa[4], fb[4];
          ldmatrix_x4(fa, &tiles.a[lane % 16][lane / 16 * 8]);
          ldmatrix_x4_trans(fb, &tiles.b[lane % 16][0]);
          float d[4] = {1, 1, 1, 1};
          const uint32_t pair[2] = {fb[0], fb[1]};
          mma_m16n8k16<T>(d, fa, pair);
          for (int i = 0; i < 4; ++i) to[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = d[i];
        }) == "");
  const auto got = out.read();
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      double sum = 1;
      for (int k = 0; k < 16; ++k) {
        sum += static_cast<double>(to_float(from_float<T>(a[static_cast<std::size_t>(row * 16 + k)]))) *
               to_float(from_float<T>(b[static_cast<std::size_t>(k * 8 + column)]));
      }
      CHECK(got[static_cast<std::size_t>(row * 8 + column)] == doctest::Approx(sum).epsilon(1e-5));
    }
  }
}

TEST_CASE("simt: a product by mma of tf32") {
  Device<float> out(128);
  float* to = out.get();
  CHECK(run(1, 32, 0, [=] {
          const int lane = static_cast<int>(threadIdx.x), g = lane / 4, p = lane % 4;
          const auto a = [](int row, int k) { return to_tf32(pseudo(row * 8 + k)); };
          const auto b = [](int k, int column) { return to_tf32(pseudo(500 + k * 8 + column)); };
          const uint32_t fa[4] = {a(g, p), a(g + 8, p), a(g, p + 4), a(g + 8, p + 4)};
          const uint32_t fb[2] = {b(p, g), b(p + 4, g)};
          float d[4] = {};
          mma_m16n8k8_tf32(d, fa, fb);
          for (int i = 0; i < 4; ++i) to[(g + i / 2 * 8) * 8 + p * 2 + i % 2] = d[i];
        }) == "");
  const auto got = out.read();
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      double sum = 0;
      for (int k = 0; k < 8; ++k) {
        sum += static_cast<double>(pseudo(row * 8 + k)) * pseudo(500 + k * 8 + column);
      }
      CHECK(got[static_cast<std::size_t>(row * 8 + column)] == doctest::Approx(sum).epsilon(1e-5));
    }
  }
}

TEST_CASE("simt: asynchronous copies arrive with the wait, not before") {
  std::vector<float> values(64);
  std::iota(values.begin(), values.end(), 0.0f);
  Device<float> in(values), out(64), early(64);
  const float* from = in.get();
  float *to = out.get(), *before = early.get();
  CHECK(run(1, 16, 64 * sizeof(float), [=] {
          DIO_SHARED(float[64], tile);
          const int t = static_cast<int>(threadIdx.x);
          cp_async_16(tile + 4 * t, from + 4 * t, t < 12);
          cp_async_commit();
          cp_async_wait<1>();
          for (int i = 0; i < 4; ++i) before[4 * t + i] = tile[4 * t + i];
          cp_async_wait<0>();
          for (int i = 0; i < 4; ++i) to[4 * t + i] = tile[4 * t + i];
        }) == "");
  for (const float value : early.read()) CHECK(std::isnan(value));
  const auto got = out.read();
  for (std::size_t i = 0; i < 64; ++i) CHECK(got[i] == (i < 48 ? values[i] : 0.0f));
}

TEST_CASE("simt: copies that nobody waits for are told") {
  Device<float> in(4);
  const float* from = in.get();
  CHECK(run(1, 1, 16,
            [=] {
              DIO_SHARED(float[4], tile);
              cp_async_16(tile, from);
              cp_async_commit();
            }) ==
        "kernel: thread (0, 0, 0) of block (0, 0, 0) returns with copies of cp.async under way that nobody "
        "waited for");
}

TEST_CASE("simt: named barriers between a producer and consumers") {
  Device<int> out(64);
  int* to = out.get();
  CHECK(run(2, 96, 32 * sizeof(int), [=] {
          DIO_SHARED(int[32], box);
          const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
          int sum = 0;
          for (int round = 0; round < 5; ++round) {
            if (warp == 0) {
              if (round > 0) named_barrier_sync(2, 96);
              box[lane] = lane + round;
              named_barrier_arrive(1, 96);
            } else {
              named_barrier_sync(1, 96);
              sum += box[31 - lane];
              if (round < 4) named_barrier_arrive(2, 96);
            }
          }
          if (warp == 1) to[blockIdx.x * 32 + static_cast<unsigned>(lane)] = sum;
        }) == "");
  const auto got = out.read();
  for (int i = 0; i < 64; ++i) CHECK(got[static_cast<std::size_t>(i)] == 5 * (31 - i % 32) + 10);
}

TEST_CASE("simt: touching memory beyond a block of it") {
  Device<float> data(std::vector<float>(100, 1.0f));
  float* at = data.get();
  CHECK(run(1, 32, 0,
            [=] {
              if (threadIdx.x == 7) at[100 + threadIdx.x] = 2;
            }) ==
        "kernel: thread (7, 0, 0) of block (0, 0, 0) writes 28 bytes beyond the end of a block of 400 bytes");
  volatile float* seen = at;
  CHECK(begins(run(2, 1, 0,
                   [=] {
                     if (blockIdx.x == 1) seen[0] = seen[-1500];
                   }),
               "kernel: thread (0, 0, 0) of block (1, 0, 0) reads 6000 bytes before a block of 400 bytes"));
  CHECK(begins(run(1, 1, 0, [] { *static_cast<volatile int*>(nullptr) = 1; }),
               "kernel: thread (0, 0, 0) of block (0, 0, 0) writes near the null pointer"));
  CHECK(run(1, 100, 0, [=] { at[threadIdx.x] = 3; }) == "");  // and life goes on
  for (const float value : data.read()) CHECK(value == 3);
}

TEST_CASE("simt: touching shared memory beyond its end") {
  CHECK(run(1, 1, 512,
            [] {
              DIO_SHARED(Floats256, shared);
              shared.values[0] = 1;
            }) ==
        "kernel: thread (0, 0, 0) of block (0, 0, 0) uses 1024 bytes of shared memory, but was launched "
        "with 512");
  CHECK(
      run(1, 2, 1024,
          [] {
            DIO_SHARED(Floats256, shared);
            volatile float* values = shared.values;
            if (threadIdx.x == 1) values[258] = 1;
          }) ==
      "kernel: thread (1, 0, 0) of block (0, 0, 0) writes 8 bytes beyond the end of its 1024 bytes of shared "
      "memory");
  CHECK(run(3, 2, 1000, [] {
          DIO_SHARED(float[250], shared);
          volatile float* values = shared;
          values[250] = 1;
        }).find(" writes 0 bytes beyond the end of its 1000 bytes of shared memory") != std::string::npos);
}

TEST_CASE("simt: shared memory is not what anybody would expect before it is written") {
  Device<float> out(256);
  float* to = out.get();
  CHECK(run(1, 256, 1024, [=] {
          DIO_SHARED(Floats256, shared);
          to[threadIdx.x] = shared.values[threadIdx.x];
        }) == "");
  for (const float value : out.read()) CHECK(std::isnan(value));
}

TEST_CASE("simt: a barrier that not all threads reach") {
  CHECK(
      run(1, 64, 0,
          [] {
            if (threadIdx.x < 40) __syncthreads();
          }) ==
      "kernel: block (0, 0, 0) cannot go on: of its 64 threads 40 wait at __syncthreads (the first is thread "
      "0), and 24 have returned");
}

TEST_CASE("simt: lanes that do not meet") {
  CHECK(begins(
      run(1, 32, 0,
          [] {
            if (threadIdx.x < 16) {
              __shfl_xor_sync(kFullWarp, 1, 1);
            } else {
              __ballot_sync(kFullWarp, 1);
            }
          }),
      "kernel: thread (16, 0, 0) of block (0, 0, 0) is at a vote while other lanes of its warp are at a "
      "shuffle"));
  CHECK(begins(run(1, 32, 0,
                   [] {
                     if (threadIdx.x < 31) __syncwarp();
                   }),
               "kernel: block (0, 0, 0) cannot go on: of its 32 threads 31 wait at __syncwarp"));
  CHECK(begins(run(1, 32, 0, [] { __shfl_sync(1u << threadIdx.x, 1, 5); }),
               "kernel: thread (0, 0, 0) of block (0, 0, "
               "0) shuffles from a lane that its mask"));
}

namespace {
int overflow(int depth) {
  volatile char room[1024] = {};
  room[0] = static_cast<char>(depth);
  return depth > 1000000 ? room[0] : overflow(depth + 1) + room[0];
}
}  // namespace

TEST_CASE("simt: a stack that runs over") {
  CHECK(run(1, 2, 0, [] { overflow(0); }) ==
        "kernel: thread (0, 0, 0) of block (0, 0, 0) runs over its stack");
}

TEST_CASE("simt: shapes that no card takes") {
  CHECK(run(1, 1025, 0, [] {}) == "kernel: a block of 1025 threads was asked for, expected 1 to 1024");
  CHECK(run({1, 65536, 1}, 1, 0, [] {}) ==
        "kernel: a grid beyond 2^31 - 1 by 65535 by 65535 blocks was asked for");
  CHECK(run(0, 1, 0, [] {}) == "kernel: an empty grid was asked for");
  CHECK(begins(run(1, 1, 1 << 20, [] {}), "kernel: 1048576 bytes of shared memory were asked for"));
}

TEST_CASE("simt: the host cannot touch device memory") {
  Device<int> data(std::vector<int>(4, 1));
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(*static_cast<volatile int*>(data.get()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
}
