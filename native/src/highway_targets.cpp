// Run-time dispatch for Highway. Its headers declare these functions; Debian defines them only in a shared
// library, which libdiorama.so would then have to carry. They say which instruction sets this processor and
// its operating system offer, and that is all that HWY_DYNAMIC_DISPATCH needs.
#include <hwy/targets.h>

#include <atomic>

namespace hwy {
namespace {

std::atomic<int64_t> disabled_targets{0};
std::atomic<int64_t> targets_for_test{0};

#if defined(__x86_64__)

bool has_avx3_dl() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("vpclmulqdq") &&
         __builtin_cpu_supports("gfni");
}

int64_t detect_targets() {
  __builtin_cpu_init();
  int64_t targets = HWY_STATIC_TARGET;
  if (!__builtin_cpu_supports("ssse3")) return targets;
  targets |= HWY_SSSE3;
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) return targets;
  targets |= HWY_SSE4;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2")) {
    return targets;
  }
  targets |= HWY_AVX2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512cd")) {
    return targets;
  }
  targets |= HWY_AVX3;
  if (has_avx3_dl()) targets |= HWY_AVX3_DL;
  return targets;
}

#else

int64_t detect_targets() { return HWY_STATIC_TARGET; }

#endif

}  // namespace

int64_t SupportedTargets() {
  static const int64_t detected = detect_targets();
  const int64_t for_test = targets_for_test.load();
  const int64_t targets = (for_test != 0 ? for_test : detected) & ~disabled_targets.load();
  return targets != 0 ? targets : HWY_STATIC_TARGET;
}

void DisableTargets(int64_t targets) {
  disabled_targets.store(targets);
  GetChosenTarget().DeInit();
}

void SetSupportedTargetsForTest(int64_t targets) {
  targets_for_test.store(targets);
  GetChosenTarget().DeInit();
}

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen_target;
  return chosen_target;
}

}  // namespace hwy
