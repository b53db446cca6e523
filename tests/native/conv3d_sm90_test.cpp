// dio_conv3d by Hopper's own units, on the host by kernels/simt: the device says that it is one.
#include "conv3d_problem.h"

#include <cstdlib>

using namespace diorama::test;

namespace {

// Before the library looks at its device.
const int kPretended = setenv("DIORAMA_SIMT_DEVICE", "sm_90", 1);

}  // namespace

TEST_CASE("conv3d sm90: 16-bit channels in eights conform") {
  REQUIRE(kPretended == 0);
  check_conv3d_of_16_bits();
}

// More steps than stages, with and without carried frames; channels in slices of 48 and of 64, with a rest.
TEST_CASE("conv3d sm90: many steps") {
  for (const auto& [in, out] : {std::array<int64_t, 2>{96, 96}, {192, 128}, {200, 136}, {72, 192}}) {
    for (const int64_t carried : {0, 1, 2}) {
      Problem p = Problem{.size = {1, 2, 4, 18}, .in = in, .out = out, .kernel = {3, 3, 3}, .carry = carried}
                      .causal();
      p.x_type = p.w_type = p.out_type = DIO_BF16;
      p.residual = carried == 1;
      check_conv3d(std::to_string(in) + " to " + std::to_string(out), p);
    }
  }
}

// A kernel whose every frame lies before the video adds nothing: the bias and the residual remain.
TEST_CASE("conv3d sm90: frames that are all missing") {
  Problem p = {.size = {1, 2, 5, 6},
               .in = 16,
               .out = 24,
               .kernel = {1, 3, 3},
               .params = {1, 1, 1, 2, 1, 1, 1, 1, DIO_PADDING_ZERO, 1}};
  p.x_type = p.w_type = p.out_type = DIO_BF16;
  p.residual = true;
  check_conv3d("missing", p);
}
