#pragma once

#include <initializer_list>
#include <string>

#include "tensor.h"

namespace diorama {

// The checks at an operation's door. A Check knows the operation's name and the sizes seen so far; an
// Argument is one tensor with its name. Every failure throws one sentence: which argument, what it was, what
// was expected.
//
//   Check check("linear");
//   const auto x = check.required("x", x_tensor).floating().shape({"M", "K"}).rows();
//   const auto w = check.required("w", w_tensor).floating().shape({"N", "K"}).rows();
//
// A size is named at first sight and must agree afterwards. "1|B" allows 1 or B; "3" is a number.
class Check {
 public:
  // memory_on_host: whether the values that tensors point to may be looked at.
  explicit Check(const char* operation, bool memory_on_host = true)
      : operation_(operation), memory_on_host_(memory_on_host) {}

  class Argument {
   public:
    bool present() const { return tensor_ != nullptr; }
    const Tensor& operator*() const { return *tensor_; }
    const Tensor* get() const { return tensor_; }
    const char* name() const { return name_; }

    // All of these hold for an absent optional argument.
    const Argument& floating() const;  // f32, bf16 or f16
    const Argument& dtype(dio_dtype expected) const;
    const Argument& dtype_of(const Argument& other) const;
    const Argument& shape(std::initializer_list<const char*> sizes) const;
    const Argument& shape_of(const Argument& other) const;
    const Argument& last(const char* size) const;  // the innermost size alone
    const Argument& rows() const;                  // innermost stride 1
    const Argument& contiguous() const;
    const Argument& values_between(int64_t low, int64_t high) const;  // i32; holds unseen on a device
    // Writes go here: strides positive, no two elements in one place.
    const Argument& output() const;
    // An output must share no memory with these ...
    const Argument& apart_from(std::initializer_list<Argument> inputs) const;
    // ... or may be one of these exactly (in place).
    const Argument& in_place_or_apart_from(std::initializer_list<Argument> inputs) const;

   private:
    friend class Check;
    Argument(Check* check, const char* name, const Tensor* tensor)
        : check_(check), name_(name), tensor_(tensor) {}
    void basics() const;
    [[noreturn]] void fail(const std::string& what) const;

    Check* check_;
    const char* name_;
    const Tensor* tensor_;
  };

  Argument required(const char* name, const Tensor* tensor);
  Argument optional(const char* name, const Tensor* tensor);

  // The groups of rows that `index` (or equal division) chooses for [M, ...] rows: index i32 [M] with values
  // in [0, G).
  void row_groups(const Argument& index, std::initializer_list<Argument> groups);

  int64_t size(const char* name) const;
  void name_size(const char* name, int64_t value, const char* argument);

  void finite(const char* name, double value) const;
  void not_negative(const char* name, double value) const;  // and finite
  void between(const char* name, int64_t value, int64_t low, int64_t high) const;
  void activation(dio_activation_kind kind) const;
  void pointer(const char* name, const void* value) const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Size {
    const char* name;
    int64_t value;
    const char* argument;
  };

  const Size* find(const char* name) const;
  bool matches(const char* size, int64_t value, const char* argument);
  std::string expected(std::initializer_list<const char*> sizes) const;

  static constexpr int kMaxSizes = 16;
  const char* operation_;
  bool memory_on_host_;
  Size sizes_[kMaxSizes];
  int size_count_ = 0;
};

}  // namespace diorama
