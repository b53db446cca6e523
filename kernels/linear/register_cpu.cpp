#include "linear.h"
#include "register.h"

namespace diorama {

void add_linear_cpu(Operations& operations) { operations.linear = linear_cpu; }

}  // namespace diorama
