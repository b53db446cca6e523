#pragma once

#include <stdexcept>
#include <string>

#include "diorama.h"

namespace diorama {

// Thrown inside the library, turned into a status and dio_last_error() at the C ABI. The message is one
// sentence for the caller: what was wrong and what would be right.
class Error : public std::runtime_error {
 public:
  Error(dio_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  dio_status status() const { return status_; }

 private:
  dio_status status_;
};

// Throws Error. What the CUDA library's sources use: its exceptions must be made by the C++ runtime that
// catches them, libdiorama.so's.
[[noreturn]] void raise(dio_status status, const std::string& message);

}  // namespace diorama
