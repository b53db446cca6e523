#include "parts.h"

namespace diorama {

void add_splat_training_reference(Operations&) {}
void add_splat_training_plain(Operations&) {}
void add_splat_training_cpu(Operations&) {}

}  // namespace diorama
