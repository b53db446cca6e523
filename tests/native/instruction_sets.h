#pragma once

#include "conformance.h"

#if DIORAMA_CPU
#include <hwy/targets.h>
#endif

namespace diorama::test {

// body(name) with the CPU's kernels held to each instruction set this processor has, on the backend cpu
// alone.
template <typename Body>
void for_each_instruction_set(Body&& body) {
#if DIORAMA_CPU
  const std::vector<std::string> before = backends_under_test();
  backends_under_test() = {"cpu"};
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    body(std::string(hwy::TargetName(target)));
  }
  hwy::SetSupportedTargetsForTest(0);
  backends_under_test() = before;
#else
  static_cast<void>(body);
  MESSAGE("this build has no backend cpu, so no instruction sets to try");
#endif
}

}  // namespace diorama::test
