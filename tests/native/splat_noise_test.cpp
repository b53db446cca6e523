// The noise of densification: a counter's random numbers, the same on every backend.
#include "kernels/splat/training/noise.h"

#include "conformance.h"

using namespace diorama::test;

TEST_CASE("Philox gives the words of its authors' known answers") {
  // "philox4x32 10" of kat_vectors in Random123 1.09, with key and counter 0.
  uint32_t words[4];
  diorama::philox(0, 0, words);
  CHECK(words[0] == 0x6627e8d5);
  CHECK(words[1] == 0xe169c58d);
  CHECK(words[2] == 0xbc57ac4c);
  CHECK(words[3] == 0x9b00dbd8);
}

TEST_CASE("noise conforms, ragged counts and seeds of 64 bits") {
  for (const int64_t count : {1, 2, 17, 113, 1023}) {
    for (const uint64_t seed : {uint64_t{0}, uint64_t{7}, ~uint64_t{0}, uint64_t{1} << 40}) {
      TestTensor out(DIO_F32, {count, 3});
      conform(std::to_string(count), {}, {&out},
              [&](dio_context* c) { return dio_splat_noise(c, seed, out); });
    }
  }
}

TEST_CASE("noise depends on seed and place alone") {
  const auto draw = [](int64_t count, uint64_t seed, int threads) {
    TestTensor out(DIO_F32, {count, 3});
    dio_context* context = nullptr;
    REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
    REQUIRE(dio_splat_noise(context, seed, out) == DIO_STATUS_OK);
    REQUIRE(dio_context_destroy(context) == DIO_STATUS_OK);
    return out.read();
  };
  const std::vector<double> all = draw(20011, 5, 1);
  CHECK(draw(20011, 5, 3) == all);
  const std::vector<double> first = draw(4001, 5, 2);
  CHECK(std::equal(first.begin(), first.end(), all.begin()));
  // Of 60,033 numbers some dozen are equal by chance, in f32.
  for (const uint64_t other : {uint64_t{6}, uint64_t{5} + (uint64_t{1} << 32)}) {
    const std::vector<double> found = draw(20011, other, 1);
    int same = 0;
    for (std::size_t i = 0; i < all.size(); ++i) same += found[i] == all[i];
    CHECK(same < 5);
  }
}

TEST_CASE("noise is normal") {
  const int64_t count = 100000;
  TestTensor out(DIO_F32, {count, 3});
  REQUIRE(dio_splat_noise(shared_context(kHost), 11, out) == DIO_STATUS_OK);
  const std::vector<double> values = out.read();
  const double n = static_cast<double>(values.size());
  // Moments of the standard normal, and covariances of neighbours; five standard deviations of their means.
  double sum = 0, square = 0, fourth = 0, neighbours[3] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    sum += x;
    square += x * x;
    fourth += x * x * x * x;
    for (std::size_t k = 1; k <= 3; ++k) neighbours[k - 1] += i >= k ? x * values[i - k] : 0;
    CHECK(std::fabs(x) < 5.8);  // sqrt(-2 ln 2^-24)
  }
  CHECK(std::fabs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::fabs(square / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::fabs(fourth / n - 3) < 5 * std::sqrt(96 / n));
  for (const double covariance : neighbours) CHECK(std::fabs(covariance / n) < 5 / std::sqrt(n));
}

TEST_CASE("noise refuses what is no row of three") {
  TestTensor wrong(DIO_F32, {5, 4});
  CHECK(dio_splat_noise(shared_context(kHost), 0, wrong) == DIO_STATUS_INVALID_ARGUMENT);
  CHECK(dio_splat_noise(shared_context(kHost), 0, nullptr) == DIO_STATUS_INVALID_ARGUMENT);
}
