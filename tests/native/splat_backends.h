#pragma once

#include "conformance.h"

namespace diorama::test {

// What must draw splats: the CUDA library does not have all of drawing yet; DIORAMA_TEST_BACKENDS=simt asks
// it all the same.
inline const bool kSplatBackendsChosen = [] {
  if (std::getenv("DIORAMA_TEST_BACKENDS") == nullptr) backends_under_test() = {"cpu"};
  return true;
}();

}  // namespace diorama::test
