#include "register.h"
#include "text_cpu.h"
#include "text_reference.h"

namespace diorama {

void add_text_cpu(Operations& operations) {
  operations.embedding = embedding_cpu;
  operations.t5_relative_bias = t5_relative_bias_plain<float>;
}

}  // namespace diorama
