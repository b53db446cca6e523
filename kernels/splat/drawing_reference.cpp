#include "parts.h"

namespace diorama {

void add_splat_drawing_reference(Operations&) {}
void add_splat_drawing_plain(Operations&) {}

}  // namespace diorama
