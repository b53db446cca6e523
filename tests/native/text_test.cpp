// Embedding look-up and T5's relative position bias on every backend.
#include "conformance.h"
#include "kernels/text/text_reference.h"

using namespace diorama::test;

TEST_CASE("embedding: every pair of dtypes, ragged rows") {
  Random random(1);
  for (const dio_dtype table_dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const dio_dtype out_dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
      for (const int64_t channels : {1, 17, 113, 1023}) {
        auto table = TestTensor(table_dtype, {29, channels}, {.row_gap = 2}).normal(random);
        auto ids = TestTensor(DIO_I32, {41}).integers(random, 0, 28);
        auto out = TestTensor(out_dtype, {41, channels}, {.row_gap = 1});
        conform("embedding", {&table, &ids}, {&out},
                [&](dio_context* c) { return dio_embedding(c, table, ids, out); });
      }
    }
  }
}

// What transformers 4 gives for 32 buckets and a maximal distance of 128, for key - query = 0, 1, 7, 8, ...
TEST_CASE("T5's buckets") {
  const int64_t expected[][2] = {{0, 0},    {1, 17},   {7, 23},    {8, 24},   {11, 24},   {12, 25},
                                 {15, 25},  {16, 26},  {22, 26},   {23, 27},  {31, 27},   {32, 28},
                                 {45, 28},  {46, 29},  {63, 29},   {64, 30},  {90, 30},   {91, 31},
                                 {127, 31}, {128, 31}, {5000, 31}, {-1, 1},   {-7, 7},    {-8, 8},
                                 {-16, 10}, {-32, 12}, {-64, 14},  {-91, 15}, {-128, 15}, {-5000, 15}};
  for (const auto& [distance, bucket] : expected) {
    CAPTURE(distance);
    CHECK(diorama::t5_bucket(distance, 32, 128) == bucket);
  }
  for (int64_t distance = -300; distance <= 300; ++distance) {
    for (const int64_t buckets : {2, 4, 6, 64}) {
      for (const int32_t farthest : {1, 2, 20, 1000}) {
        const int64_t bucket = diorama::t5_bucket(distance, buckets, farthest);
        CHECK((bucket >= 0 && bucket < buckets));
      }
    }
  }
}

TEST_CASE("relative bias") {
  Random random(2);
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const int64_t length : {1, 17, 113, 1023}) {
      auto table = TestTensor(dtype, {32, 6}, {.row_gap = 1}).normal(random);
      auto out = TestTensor(DIO_F32, {6, 2 * length - 1});
      conform("t5 relative bias", {&table}, {&out},
              [&](dio_context* c) { return dio_t5_relative_bias(c, table, 128, out); });
    }
  }
}
