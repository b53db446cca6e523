#include "register_cuda.h"

#include "parts.h"

namespace diorama {

void add_splat_cuda(Operations& operations) { add_splat_drawing_cuda(operations); }

}  // namespace diorama
