#pragma once

#include <initializer_list>
#include <vector>

#include "api.h"

namespace diorama {

// The tensors of one call. Every output must lie apart from every input and from the other outputs.
class SplatArguments {
 public:
  explicit SplatArguments(Check& check) : check_(check) {}

  void input(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    inputs_.push_back(check_.required(name, tensor).dtype(DIO_F32).shape(shape).contiguous());
  }
  // f32 or f16, which kernels read as they are.
  void half_or_float_input(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    const auto in = check_.required(name, tensor);
    if (tensor->dtype != DIO_F16 && tensor->dtype != DIO_F32) {
      check_.fail(std::string(name) + " has dtype " + dtype_name(tensor->dtype) + ", expected f32 or f16");
    }
    inputs_.push_back(in.shape(shape).contiguous());
  }
  void optional_input(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    if (tensor) input(name, tensor, shape);
  }
  void output(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape,
              dio_dtype dtype = DIO_F32) {
    if (!tensor) return;
    const auto out = check_.required(name, tensor).dtype(dtype).shape(shape).contiguous();
    for (const auto& input : inputs_) out.apart_from({input});
    for (const auto& other : outputs_) out.apart_from({other});
    outputs_.push_back(out);
  }
  bool any_output() const { return !outputs_.empty(); }

 private:
  Check& check_;
  std::vector<Check::Argument> inputs_;
  std::vector<Check::Argument> outputs_;
};

// Names of pictures in messages, for the two structs that hold them.
struct ImageNames {
  const char *all, *rgb, *depth, *expected_depth, *alpha, *normals, *features;
};
extern const ImageNames kImages, kImageGradients;

// Each takes its tensors into `arguments`, inputs before outputs.
void check_gaussians(Check& check, SplatArguments& arguments, const dio_splat_gaussians* gaussians);
void check_camera(Check& check, const dio_splat_camera* camera);
void check_settings(Check& check, const dio_splat_settings* settings);
// Pictures to be written, or gradients to be read. features: whether the Gaussians have any.
void check_images(Check& check, SplatArguments& arguments, const ImageNames& names,
                  const dio_splat_images* images, bool features, bool written);
void check_frame(Check& check, const dio_context* context, const dio_splat_frame* frame);
// The frame's last rendering, and the sizes that a backward pass takes from it.
void check_rendering(Check& check, const dio_context* context, const dio_splat_frame* frame);

}  // namespace diorama
