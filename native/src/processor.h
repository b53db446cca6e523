#pragma once

#include <string>

namespace diorama {

// Cores this process may run on (its affinity, not the machine's count).
int available_cores();
// "AMD EPYC, AVX2, 4 cores"
std::string processor_description();

}  // namespace diorama
