#include "processor.h"

#if DIORAMA_CPU
#include <hwy/targets.h>
#endif
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace diorama {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t start = line.find_first_not_of(": \t", line.find(':'));
    if (start != std::string::npos) return line.substr(start);
  }
  return "processor";
}

// Highway numbers targets so that the best one is the lowest bit.
std::string instruction_set() {
#if DIORAMA_CPU
  const int64_t supported = hwy::SupportedTargets();
  return hwy::TargetName(supported & -supported);
#else
  return "plain C++";
#endif
}

}  // namespace

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string processor_description() {
  const int cores = available_cores();
  return processor_name() + ", " + instruction_set() + ", " + std::to_string(cores) +
         (cores == 1 ? " core" : " cores");
}

}  // namespace diorama
