#pragma once

// A small scene, drawn by the kernels of rasterization as the CUDA library has them, on kernels/simt.

#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "cuda/cuda_context.h"
#include "cuda/device.h"
#include "cuda/raise.h"
#include "kernels/splat/raster_backward_cuda.h"
#include "operations.h"
#include "simt_run.h"

namespace diorama::test {

inline dio_tensor tensor(float* data, std::vector<int64_t> shape) {
  dio_tensor result{};
  result.data = data;
  result.dtype = DIO_F32;
  result.rank = static_cast<int32_t>(shape.size());
  int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0; stride *= shape[axis]) {
    result.shape[axis] = shape[axis];
    result.strides[axis] = stride;
  }
  return result;
}

inline std::vector<float> normals(std::mt19937& random, int64_t count, float deviation, float mean = 0) {
  std::normal_distribution<float> draw(mean, deviation);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = draw(random);
  return values;
}

inline constexpr int32_t kWidth = 45, kHeight = 23;
inline constexpr int kFeatures = 6;
inline constexpr int64_t kPixels = int64_t{kWidth} * kHeight;

// A scene before a camera that looks along z, drawn.
class Drawn {
 public:
  // logit: the mean of the opacities'.
  Drawn(int64_t count, float alpha_fade, float logit)
      : connected_(connect()),
        context_(operations_, cuda::describe_device(0), 1),
        random_(static_cast<unsigned>(count)),
        means_(make_means(count)),
        quats_(normals(random_, 4 * count, 1)),
        log_scales_(normals(random_, 3 * count, 0.5f, -2)),
        logits_(normals(random_, count, 1, logit)),
        sh_(normals(random_, 3 * count, 0.5f)),
        features_(std::vector<float>(static_cast<std::size_t>(kFeatures * count), 1.0f)),
        alpha_(std::vector<float>(kPixels, 0.0f)),
        frame_(context_) {
    camera_ = {DIO_CAMERA_PINHOLE, kWidth, kHeight, 40, 40, 0.5f * kWidth, 0.5f * kHeight, {}};
    for (int i = 0; i < 16; i += 5) camera_.view[i] = 1;
    settings_ = {0, -1, 0.01f, 1e10f, 0.3f, 1 / 255.0f, 0.99f, alpha_fade, 1e-4f, {0.25f, 0.5f, 0.125f}};
    const dio_tensor tensors[] = {
        tensor(means_.get(), {count, 3}),      tensor(quats_.get(), {count, 4}),
        tensor(log_scales_.get(), {count, 3}), tensor(logits_.get(), {count}),
        tensor(sh_.get(), {count, 1, 3}),      tensor(features_.get(), {count, kFeatures})};
    gaussians_ = std::make_unique<GaussianArrays>(
        dio_splat_gaussians{&tensors[0], &tensors[1], &tensors[2], &tensors[3], &tensors[4], &tensors[5]});
    view_ = std::make_unique<DrawingView>(camera_, settings_, 1, cuda::kDeviceTile);
    context_.reset_scratch();
    cuda::project_gaussians(context_, *view_, *gaussians_, true, frame_);
    cuda::bin_to_tiles(context_, *view_, count, frame_);
    dio_tensor alpha = tensor(alpha_.get(), {kHeight, kWidth, 1});
    dio_splat_images images{};
    images.alpha = &alpha;
    cuda::rasterize(context_, *view_, *gaussians_, frame_, images, nullptr);
    context_.copy(&pairs_, frame_.tile_starts.data() + view_->tiles(), sizeof(pairs_),
                  DIO_COPY_DEVICE_TO_HOST);
    context_.synchronize();
  }

  std::mt19937& random() { return random_; }
  int64_t buckets() const { return frame_.intersections / cuda::kBucket + view_->tiles(); }
  std::vector<float> alpha() const { return alpha_.read(); }

  std::vector<float> differentiate(const dio_splat_images& gradients, int64_t wave) {
    context_.reset_scratch();
    const ChannelSet channels(gradients, kFeatures);
    const int slots = kMoments + channels.count;
    const Device<float> values(static_cast<std::size_t>(frame_.intersections * slots));
    cuda::rasterize_backward_in_waves(context_, *view_, *gaussians_, frame_, gradients, channels,
                                      {values.get(), slots}, wave);
    context_.synchronize();
    // The frame's count may be a bound.
    std::vector<float> pairs = values.read();
    pairs.resize(static_cast<std::size_t>(pairs_) * static_cast<std::size_t>(slots));
    return pairs;
  }

 private:
  std::vector<float> make_means(int64_t count) {
    std::vector<float> means = normals(random_, 3 * count, 0.7f);
    for (int64_t i = 0; i < count; ++i) {
      means[static_cast<std::size_t>(3 * i + 2)] = 3 + 0.001f * static_cast<float>(i * 7919 % count);
    }
    return means;
  }

  static bool connect() {
    cuda::connect_raise([](int, const char* message) { throw std::runtime_error(message); });
    return true;
  }

  bool connected_;
  Operations operations_;
  cuda::CudaContext context_;
  std::mt19937 random_;
  Device<float> means_, quats_, log_scales_, logits_, sh_, features_, alpha_;
  dio_splat_camera camera_;
  dio_splat_settings settings_;
  std::unique_ptr<GaussianArrays> gaussians_;
  std::unique_ptr<DrawingView> view_;
  cuda::CudaSplatFrame frame_;
  uint32_t pairs_ = 0;
};

// Gradients of every picture.
struct Weights {
  explicit Weights(std::mt19937& random)
      : rgb(normals(random, 3 * kPixels, 1)),
        depth(normals(random, kPixels, 1)),
        expected_depth(normals(random, kPixels, 1)),
        alpha(normals(random, kPixels, 1)),
        normal(normals(random, 3 * kPixels, 1)),
        features(normals(random, kFeatures * kPixels, 1)) {
    const auto make = [](const Device<float>& values, int64_t channels) {
      return tensor(values.get(), {kHeight, kWidth, channels});
    };
    tensors = {make(rgb, 3),   make(depth, 1),  make(expected_depth, 1),
               make(alpha, 1), make(normal, 3), make(features, kFeatures)};
  }
  dio_splat_images all() {
    return {&tensors[0], &tensors[1], &tensors[2], &tensors[3], &tensors[4], &tensors[5]};
  }

  Device<float> rgb, depth, expected_depth, alpha, normal, features;
  std::vector<dio_tensor> tensors;
};

}  // namespace diorama::test
