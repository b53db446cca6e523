#include "register.h"
#include "text_cpu.h"
#include "text_reference.h"

namespace diorama {
namespace {

template <typename Real>
void add_text(Operations& operations) {
  operations.embedding = embedding_plain<Real>;
  operations.t5_relative_bias = t5_relative_bias_plain<Real>;
}

}  // namespace

void add_text_reference(Operations& operations) { add_text<double>(operations); }
void add_text_plain(Operations& operations) { add_text<float>(operations); }

}  // namespace diorama
