#include "parts.h"

namespace diorama {

void add_splat_drawing_cpu(Operations&) {}

}  // namespace diorama
