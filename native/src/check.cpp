#include "check.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "error.h"
#include "overlap.h"

namespace diorama {
namespace {

// Far beyond any machine's memory, and low enough that no sum or product of two checked values overflows.
constexpr int64_t kMaxBytes = int64_t{1} << 46;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

std::string strides_text(const Tensor& t) {
  std::string text = "[";
  for (int i = 0; i < t.rank; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(t.strides[i]);
  }
  return text + "]";
}

}  // namespace

void Check::fail(const std::string& what) const {
  throw Error(DIO_STATUS_INVALID_ARGUMENT, std::string(operation_) + ": " + what);
}

void Check::Argument::fail(const std::string& what) const { check_->fail(std::string(name_) + " " + what); }

Check::Argument Check::required(const char* name, const Tensor* tensor) {
  if (tensor == nullptr) fail(std::string(name) + " is null, but it is required");
  return optional(name, tensor);
}

Check::Argument Check::optional(const char* name, const Tensor* tensor) {
  const Argument argument(this, name, tensor);
  if (tensor != nullptr) argument.basics();
  return argument;
}

void Check::Argument::basics() const {
  const Tensor& t = *tensor_;
  if (t.rank < 1 || t.rank > DIO_MAX_RANK) {
    fail("has rank " + std::to_string(t.rank) + ", expected 1 to " + std::to_string(DIO_MAX_RANK));
  }
  if (t.dtype < DIO_F32 || t.dtype > DIO_U8) {
    fail("has dtype " + std::to_string(t.dtype) + ", expected 0 (f32), 1 (f16), 2 (bf16), 3 (i32) or 4 (u8)");
  }
  const int64_t element = element_size(t.dtype);
  int64_t bytes = element;
  int64_t reach = element;
  for (int i = 0; i < t.rank; ++i) {
    if (t.shape[i] < 1) fail("has shape " + shape_text(t) + ", expected sizes of at least 1");
    if (t.shape[i] > kMaxBytes / bytes)
      fail("has shape " + shape_text(t) + ", which is more than 2^46 bytes");
    bytes *= t.shape[i];
    const int64_t stride = t.shape[i] == 1 ? 0 : t.strides[i];
    if (stride > kMaxBytes || stride < -kMaxBytes ||
        std::abs(stride) > (kMaxBytes - reach) / (element * t.shape[i])) {
      fail("has strides " + strides_text(t) + ", which reach further than 2^46 bytes");
    }
    reach += std::abs(stride) * (t.shape[i] - 1) * element;
  }
  if (t.data == nullptr) fail("has no data (a null pointer)");
  if (reinterpret_cast<std::uintptr_t>(t.data) % static_cast<std::uintptr_t>(element) != 0) {
    fail("has data that is not aligned to its element size, " + std::to_string(element) + " bytes");
  }
}

const Check::Argument& Check::Argument::floating() const {
  if (tensor_ && tensor_->dtype > DIO_BF16) {
    fail(std::string("has dtype ") + dtype_name(tensor_->dtype) + ", expected f32, bf16 or f16");
  }
  return *this;
}

const Check::Argument& Check::Argument::dtype(dio_dtype expected) const {
  if (tensor_ && tensor_->dtype != expected) {
    fail(std::string("has dtype ") + dtype_name(tensor_->dtype) + ", expected " + dtype_name(expected));
  }
  return *this;
}

const Check::Argument& Check::Argument::dtype_of(const Argument& other) const {
  if (tensor_ && tensor_->dtype != other.tensor_->dtype) {
    fail(std::string("has dtype ") + dtype_name(tensor_->dtype) + ", expected " +
         dtype_name(other.tensor_->dtype) + ", the dtype of " + other.name_);
  }
  return *this;
}

const Check::Argument& Check::Argument::shape(std::initializer_list<const char*> sizes) const {
  if (!tensor_) return *this;
  bool right = static_cast<std::size_t>(tensor_->rank) == sizes.size();
  if (right) {
    const int64_t* value = tensor_->shape;
    for (const char* size : sizes) right = check_->matches(size, *value++, name_) && right;
  }
  if (!right) fail("has shape " + shape_text(*tensor_) + ", expected " + check_->expected(sizes));
  return *this;
}

const Check::Argument& Check::Argument::shape_of(const Argument& other) const {
  if (!tensor_) return *this;
  bool right = tensor_->rank == other.tensor_->rank;
  for (int i = 0; right && i < tensor_->rank; ++i) right = tensor_->shape[i] == other.tensor_->shape[i];
  if (!right) {
    fail("has shape " + shape_text(*tensor_) + ", expected " + shape_text(*other.tensor_) +
         ", the shape of " + other.name_);
  }
  return *this;
}

const Check::Argument& Check::Argument::last(const char* size) const {
  if (tensor_ && !check_->matches(size, tensor_->shape[tensor_->rank - 1], name_)) {
    fail("has shape " + shape_text(*tensor_) + ", expected an innermost size of " + check_->expected({size}));
  }
  return *this;
}

const Check::Argument& Check::Argument::rows() const {
  if (tensor_ && tensor_->shape[tensor_->rank - 1] > 1 && tensor_->strides[tensor_->rank - 1] != 1) {
    fail("has strides " + strides_text(*tensor_) + ", expected an innermost stride of 1");
  }
  return *this;
}

const Check::Argument& Check::Argument::contiguous() const {
  if (tensor_ && !is_contiguous(*tensor_)) {
    fail("has shape " + shape_text(*tensor_) + " and strides " + strides_text(*tensor_) +
         ", expected a contiguous tensor");
  }
  return *this;
}

const Check::Argument& Check::Argument::values_between(int64_t low, int64_t high) const {
  if (!tensor_ || !check_->memory_on_host_) return *this;
  const int32_t* values = data<int32_t>(*tensor_);
  const int64_t count = element_count(*tensor_);
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] < low || values[i] > high) {
      fail("has the value " + std::to_string(values[i]) + " at " + std::to_string(i) + ", expected " +
           std::to_string(low) + " to " + std::to_string(high));
    }
  }
  return *this;
}

const Check::Argument& Check::Argument::output() const {
  if (tensor_ && !is_writable_layout(*tensor_)) {
    fail("has strides " + strides_text(*tensor_) +
         ", expected positive ones that give every element a place of its own");
  }
  return *this;
}

const Check::Argument& Check::Argument::apart_from(std::initializer_list<Argument> inputs) const {
  for (const Argument& input : inputs) {
    if (tensor_ && input.tensor_ && may_overlap(*tensor_, *input.tensor_)) {
      fail(std::string("overlaps ") + input.name_ + ", expected memory of its own");
    }
  }
  return *this;
}

const Check::Argument& Check::Argument::in_place_or_apart_from(std::initializer_list<Argument> inputs) const {
  for (const Argument& input : inputs) {
    if (tensor_ && input.tensor_ && !same_view(*tensor_, *input.tensor_) &&
        may_overlap(*tensor_, *input.tensor_)) {
      fail(std::string("overlaps ") + input.name_ +
           " in part, expected the very same view or memory of its own");
    }
  }
  return *this;
}

const Check::Size* Check::find(const char* name) const {
  for (int i = 0; i < size_count_; ++i) {
    if (std::strcmp(sizes_[i].name, name) == 0) return &sizes_[i];
  }
  return nullptr;
}

int64_t Check::size(const char* name) const {
  const Size* found = find(name);
  if (!found) throw Error(DIO_STATUS_INTERNAL, std::string(operation_) + ": no size " + name + " is known");
  return found->value;
}

void Check::name_size(const char* name, int64_t value, const char* argument) {
  if (size_count_ == kMaxSizes)
    throw Error(DIO_STATUS_INTERNAL, std::string(operation_) + ": too many sizes");
  sizes_[size_count_++] = {name, value, argument};
}

bool Check::matches(const char* size, int64_t value, const char* argument) {
  if (size[0] == '1' && size[1] == '|') return value == 1 || value == this->size(size + 2);
  if (size[0] >= '0' && size[0] <= '9') return value == std::atoll(size);
  if (const Size* known = find(size)) return known->value == value;
  name_size(size, value, argument);
  return true;
}

std::string Check::expected(std::initializer_list<const char*> sizes) const {
  std::string text = "[";
  for (const char* size : sizes) {
    if (text.size() > 1) text += ", ";
    const bool either = size[0] == '1' && size[1] == '|';
    if (either) text += "1 or ";
    const char* name = either ? size + 2 : size;
    text += name;
    if (const Size* known = find(name)) text.append("=").append(std::to_string(known->value));
  }
  return text + "]";
}

void Check::row_groups(const Argument& index, std::initializer_list<Argument> groups) {
  const int64_t rows = size("M");
  const Argument* group = nullptr;
  for (const Argument& candidate : groups) {
    if (candidate.present()) group = &candidate;
  }
  if (!group) {
    if (index.present()) fail("index is given, but there is nothing that it could choose rows of");
    return;
  }
  const int64_t count = (**group).shape[0];
  if (index.present()) {
    index.dtype(DIO_I32).shape({"M"}).contiguous().values_between(0, count - 1);
  } else if (rows % count != 0) {
    group->fail("has " + std::to_string(count) + " rows, which do not divide the " + std::to_string(rows) +
                " rows of x; give an index");
  }
}

void Check::finite(const char* name, double value) const {
  if (!std::isfinite(value)) fail(std::string(name) + " is " + number(value) + ", expected a finite number");
}

void Check::not_negative(const char* name, double value) const {
  if (!std::isfinite(value) || value < 0) {
    fail(std::string(name) + " is " + number(value) + ", expected a finite number of at least 0");
  }
}

void Check::between(const char* name, int64_t value, int64_t low, int64_t high) const {
  if (value < low || value > high) {
    fail(std::string(name) + " is " + std::to_string(value) + ", expected " + std::to_string(low) + " to " +
         std::to_string(high));
  }
}

void Check::activation(dio_activation_kind kind) const {
  const int value = static_cast<int>(kind);
  if (value < DIO_ACTIVATION_NONE || value > DIO_ACTIVATION_QUICK_GELU) {
    fail("activation is " + std::to_string(value) +
         ", expected 0 (none), 1 (gelu_tanh), 2 (gelu_erf), 3 (silu) or 4 (quick_gelu)");
  }
}

void Check::pointer(const char* name, const void* value) const {
  if (value == nullptr) fail(std::string(name) + " is null, but it is required");
}

}  // namespace diorama
