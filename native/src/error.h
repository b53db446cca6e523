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

}  // namespace diorama
