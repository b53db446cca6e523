#include "parts.h"
#include "register.h"

namespace diorama {

void add_splat_reference(Operations& operations) {
  add_splat_drawing_reference(operations);
  add_splat_training_reference(operations);
}

void add_splat_plain(Operations& operations) {
  add_splat_drawing_plain(operations);
  add_splat_training_plain(operations);
}

}  // namespace diorama
