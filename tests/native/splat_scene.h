#pragma once

// Scenes, cameras and pictures for the tests of drawing.

#include "conformance.h"

namespace diorama::test {

inline dio_splat_settings default_settings() {
  dio_splat_settings settings;
  REQUIRE(dio_splat_settings_default(&settings) == DIO_STATUS_OK);
  return settings;
}

// No thresholds to fall on either side of: float and double differ by rounding alone.
inline dio_splat_settings smooth_settings() {
  dio_splat_settings settings = default_settings();
  settings.alpha_fade = 0.05f;
  settings.transmittance_stop = 0;
  settings.background[0] = 0.25f;
  settings.background[1] = 0.5f;
  settings.background[2] = 0.125f;
  return settings;
}

// Looks along z from the origin, turned a little, at what lies around (0, 0, 4). The matrix is a rotation but
// for rounding to multiples of 2^-12, so that steps of 2^-12 are exact.
inline dio_splat_camera test_camera(int32_t model, int32_t width, int32_t height) {
  const float size = static_cast<float>(std::max(width, height));
  const float focal = model == DIO_CAMERA_ORTHOGRAPHIC ? size / 5 : size * 0.8f;
  dio_splat_camera camera = {model, width, height, focal, focal * 1.1f, 0.47f * width, 0.55f * height, {}};
  const double a = 0.2, b = -0.1;
  const double view[16] = {std::cos(a),
                           std::sin(a) * std::sin(b),
                           std::sin(a) * std::cos(b),
                           -0.75,
                           0,
                           std::cos(b),
                           -std::sin(b),
                           -0.5,
                           -std::sin(a),
                           std::cos(a) * std::sin(b),
                           std::cos(a) * std::cos(b),
                           0.25,
                           0,
                           0,
                           0,
                           1};
  for (int i = 0; i < 16; ++i) camera.view[i] = static_cast<float>(std::round(view[i] * 4096) / 4096);
  return camera;
}

// Sets one of many values; the tensors here are f32 and contiguous.
inline void put(TestTensor& tensor, int64_t index, double value) {
  static_cast<float*>(tensor->data)[index] = static_cast<float>(value);
}

struct SceneSizes {
  int64_t count = 200;
  int64_t coefficients = 16;
  int64_t features = 0;
  dio_dtype harmonics = DIO_F32;
};

struct TestScene {
  TestScene(Random& random, const SceneSizes& s)
      : sizes(s),
        means(TestTensor(DIO_F32, {s.count, 3}).normal(random, 1)),
        quats(TestTensor(DIO_F32, {s.count, 4}).normal(random, 1)),
        log_scales(TestTensor(DIO_F32, {s.count, 3}).normal(random, 0.6, -1.8)),
        logit_opacities(TestTensor(DIO_F32, {s.count}).normal(random, 1.2)),
        sh(TestTensor(s.harmonics, {s.count, s.coefficients, 3}).normal(random, 0.3)),
        features(TestTensor(DIO_F32, {s.count, std::max<int64_t>(s.features, 1)}).normal(random, 1)) {
    for (int64_t i = 0; i < s.count; ++i) {
      put(means, 3 * i + 2, 2.5 + 3 * random.uniform());
    }
  }

  dio_splat_gaussians get() {
    return {means, quats, log_scales, logit_opacities, sh, sizes.features ? features.get() : nullptr};
  }
  std::vector<TestTensor*> inputs() {
    return {&means, &quats, &log_scales, &logit_opacities, &sh, &features};
  }
  // One Gaussian, all of it but colour beyond degree 0; opacity in (0, 1).
  void place(int64_t i, const std::vector<double>& mean, double scale, double opacity,
             const std::vector<double>& color) {
    for (int k = 0; k < 3; ++k) {
      put(means, 3 * i + k, mean[static_cast<std::size_t>(k)]);
      put(log_scales, 3 * i + k, std::log(scale));
      for (int64_t c = 0; c < sizes.coefficients; ++c) put(sh, 3 * (i * sizes.coefficients + c) + k, 0);
      put(sh, 3 * i * sizes.coefficients + k,
          (color[static_cast<std::size_t>(k)] - 0.5) / 0.28209479177387814);
    }
    for (int k = 0; k < 4; ++k) put(quats, 4 * i + k, k == 0 ? 1 : 0);
    put(logit_opacities, i, std::log(opacity / (1 - opacity)));
  }

  SceneSizes sizes;
  TestTensor means, quats, log_scales, logit_opacities, sh, features;
};

// All pictures of a camera; random where they are to be gradients of a loss.
struct Pictures {
  Pictures(const dio_splat_camera& c, int64_t feature_channels, Random* random = nullptr)
      : feature_channels(feature_channels),
        rgb(picture(c, 3, random)),
        depth(picture(c, 1, random)),
        expected_depth(picture(c, 1, random)),
        alpha(picture(c, 1, random)),
        normals(picture(c, 3, random)),
        features(picture(c, std::max<int64_t>(feature_channels, 1), random)) {}

  dio_splat_images get() {
    return {rgb, depth, expected_depth, alpha, normals, feature_channels ? features.get() : nullptr};
  }
  std::vector<TestTensor*> all() {
    std::vector<TestTensor*> list = {&rgb, &depth, &expected_depth, &alpha, &normals};
    if (feature_channels) list.push_back(&features);
    return list;
  }
  // The expected depth jumps where a pixel's first Gaussian fades in: no gradient where alpha is small.
  void spare_edges(const std::vector<double>& drawn_alpha) {
    for (std::size_t i = 0; i < drawn_alpha.size(); ++i) {
      if (drawn_alpha[i] < 0.1) put(expected_depth, static_cast<int64_t>(i), 0);
    }
  }

  int64_t feature_channels;
  TestTensor rgb, depth, expected_depth, alpha, normals, features;

 private:
  static TestTensor picture(const dio_splat_camera& c, int64_t channels, Random* random) {
    TestTensor tensor(DIO_F32, {c.height, c.width, channels});
    return random ? std::move(tensor).normal(*random) : std::move(tensor).filled(0);
  }
};

struct Gradients {
  explicit Gradients(const SceneSizes& s)
      : sizes(s),
        means(TestTensor(DIO_F32, {s.count, 3}).filled(0)),
        quats(TestTensor(DIO_F32, {s.count, 4}).filled(0)),
        log_scales(TestTensor(DIO_F32, {s.count, 3}).filled(0)),
        logit_opacities(TestTensor(DIO_F32, {s.count}).filled(0)),
        sh(TestTensor(DIO_F32, {s.count, s.coefficients, 3}).filled(0)),
        features(TestTensor(DIO_F32, {s.count, std::max<int64_t>(s.features, 1)}).filled(0)),
        means2d(TestTensor(DIO_F32, {s.count, 2}).filled(0)),
        view(TestTensor(DIO_F32, {4, 4}).filled(0)) {}

  dio_splat_gradients get() {
    return {means,   quats, log_scales, logit_opacities, sh, sizes.features ? features.get() : nullptr,
            means2d, view};
  }
  std::vector<TestTensor*> all() {
    std::vector<TestTensor*> list = {&means, &quats, &log_scales, &logit_opacities, &sh, &means2d, &view};
    if (sizes.features) list.push_back(&features);
    return list;
  }

  SceneSizes sizes;
  TestTensor means, quats, log_scales, logit_opacities, sh, features, means2d, view;
};

class Frame {
 public:
  explicit Frame(dio_context* context) { status = dio_splat_frame_create(context, &frame_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { dio_splat_frame_destroy(frame_); }
  operator dio_splat_frame*() const { return frame_; }

  dio_status status;

 private:
  dio_splat_frame* frame_ = nullptr;
};

inline dio_status draw(dio_context* context, TestScene& scene, const dio_splat_camera& camera,
                       const dio_splat_settings& settings, Pictures& pictures) {
  const Frame frame(context);
  if (frame.status != DIO_STATUS_OK) return frame.status;
  const dio_splat_gaussians gaussians = scene.get();
  const dio_splat_images images = pictures.get();
  return dio_splat_render(context, frame, &gaussians, &camera, &settings, &images);
}

// Draws, then differentiates sum(pictures * weights).
inline dio_status differentiate(dio_context* context, TestScene& scene, const dio_splat_camera& camera,
                                const dio_splat_settings& settings, Pictures& weights, Gradients& gradients) {
  const Frame frame(context);
  if (frame.status != DIO_STATUS_OK) return frame.status;
  Pictures pictures(camera, scene.sizes.features);
  const Placed placed(context, pictures.all());
  const dio_splat_gaussians gaussians = scene.get();
  const dio_splat_images drawn = pictures.get(), given = weights.get();
  const dio_splat_gradients results = gradients.get();
  const dio_status status = dio_splat_render(context, frame, &gaussians, &camera, &settings, &drawn);
  if (status != DIO_STATUS_OK) return status;
  return dio_splat_backward(context, frame, &gaussians, &given, 0, &results);
}

// The backends whose drawing is looked at outside of conform().
inline std::vector<std::string> drawing_backends() {
  std::vector<std::string> names = {"reference", "plain"};
  for (const std::string& backend : backends_under_test()) {
    if (shared_context(backend)) names.push_back(backend);
  }
  return names;
}

// Lists of tensors one behind the other.
inline std::vector<TestTensor*> together(std::initializer_list<std::vector<TestTensor*>> lists) {
  std::vector<TestTensor*> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

// draw and differentiate with everything brought to the backend's memory and back.
inline dio_status draw_on(const std::string& backend, TestScene& scene, const dio_splat_camera& camera,
                          const dio_splat_settings& settings, Pictures& pictures) {
  dio_context* context = shared_context(backend);
  const Placed placed(context, together({scene.inputs(), pictures.all()}));
  return draw(context, scene, camera, settings, pictures);
}

inline dio_status differentiate_on(const std::string& backend, TestScene& scene,
                                   const dio_splat_camera& camera, const dio_splat_settings& settings,
                                   Pictures& weights, Gradients& gradients) {
  dio_context* context = shared_context(backend);
  const Placed placed(context, together({scene.inputs(), weights.all(), gradients.all()}));
  return differentiate(context, scene, camera, settings, weights, gradients);
}

}  // namespace diorama::test
