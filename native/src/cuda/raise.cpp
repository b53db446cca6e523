#include "raise.h"

#include <cstdlib>

#include "error.h"

namespace diorama {
namespace {

void (*throw_error)(int status, const char* message) = nullptr;

}  // namespace

void cuda::connect_raise(void (*raise)(int status, const char* message)) { throw_error = raise; }

void raise(dio_status status, const std::string& message) {
  if (throw_error) throw_error(status, message.c_str());
  std::abort();  // not reached: contexts are made after the connection
}

}  // namespace diorama
