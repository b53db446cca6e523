#include "tensor.h"

namespace diorama {

const char* dtype_name(int32_t dtype) {
  static const char* const kNames[] = {"f32", "f16", "bf16", "i32", "u8"};
  return dtype >= DIO_F32 && dtype <= DIO_U8 ? kNames[dtype] : "unknown";
}

std::string shape_text(const Tensor& t) {
  std::string text = "[";
  for (int i = 0; i < t.rank && i < DIO_MAX_RANK; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(t.shape[i]);
  }
  return text + "]";
}

}  // namespace diorama
