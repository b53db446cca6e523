#include "error.h"

namespace diorama {

void raise(dio_status status, const std::string& message) { throw Error(status, message); }

}  // namespace diorama
