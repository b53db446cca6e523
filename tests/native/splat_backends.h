#pragma once

#include "conformance.h"

namespace diorama::test {

// What must draw splats: the CUDA library has no kernels for them yet, and says so.
inline const bool kSplatBackendsChosen = [] {
  backends_under_test() = {"cpu"};
  return true;
}();

}  // namespace diorama::test
