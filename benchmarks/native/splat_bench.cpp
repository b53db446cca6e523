// Times dio_splat_render and dio_splat_backward, one JSON line with the split.
//
//   splat_bench [--gaussians 138766] [--width 648] [--height 420] [--threads 2] [--repeats 15] [--backward]
//               [--scene FILE] [--sh-degree 0] [--opacity 0.7] [--backend cpu] [--channels rgb|all]
//
// Without --scene a procedural one: a rolling ground under three spheres, covered evenly with flat Gaussians
// as far apart as they are large, seen from above the ground.
//
// FILE: little-endian f32. The world-to-camera matrix row by row (16), fx, fy, cx, cy, width, height (6),
// then 14 of each Gaussian: mean (3), quaternion wxyz (4), log scales (3), opacity logit, SH of degree 0 (3).
// The intrinsics are scaled to --width and --height. More Gaussians than FILE has are copies, moved by one
// scale of normal noise; fewer are the first.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "diorama.h"

namespace {

void check(dio_status status) {
  if (status == DIO_STATUS_OK) return;
  std::fprintf(stderr, "%s\n", dio_last_error());
  std::exit(1);
}

struct Array {
  explicit Array(std::vector<int64_t> shape) {
    int64_t count = 1;
    tensor = {nullptr, DIO_F32, static_cast<int32_t>(shape.size()), {}, {}};
    for (std::size_t i = shape.size(); i-- > 0;) {
      tensor.shape[i] = shape[i];
      tensor.strides[i] = count;
      count *= shape[i];
    }
    values.resize(static_cast<std::size_t>(count));
    tensor.data = values.data();
  }
  Array(const Array&) = delete;
  float* row(int64_t i) { return values.data() + i * tensor.strides[0]; }

  std::vector<float> values;
  dio_tensor tensor;
};

struct Options {
  int64_t gaussians = 0;
  int width = 648, height = 420, threads = 2, repeats = 15, sh_degree = 0;
  float opacity = 0.7f;
  bool backward = false, all_channels = false;
  std::string scene, backend = "cpu";
};

struct Scene {
  Scene(int64_t count, int degree)
      : n(count),
        k((degree + 1) * (degree + 1)),
        means({n, 3}),
        quats({n, 4}),
        log_scales({n, 3}),
        logits({n}),
        sh({n, k, 3}) {}

  int64_t n, k;
  Array means, quats, log_scales, logits, sh;
  dio_splat_camera camera{};
};

// A camera at `eye` that looks at `target`; y of the world points down, as in the picture.
void look_at(const double* eye, const double* target, float* view) {
  double z[3], x[3], y[3];
  const auto normalise = [](double* v) {
    const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int i = 0; i < 3; ++i) v[i] /= length;
  };
  for (int i = 0; i < 3; ++i) z[i] = target[i] - eye[i];
  normalise(z);
  x[0] = z[2], x[1] = 0, x[2] = -z[0];  // down (0, 1, 0) times z
  normalise(x);
  y[0] = z[1] * x[2] - z[2] * x[1], y[1] = z[2] * x[0] - z[0] * x[2], y[2] = z[0] * x[1] - z[1] * x[0];
  const double* rows[] = {x, y, z};
  std::fill_n(view, 16, 0.0f);
  view[15] = 1;
  for (int i = 0; i < 3; ++i) {
    double shift = 0;
    for (int j = 0; j < 3; ++j) {
      view[4 * i + j] = static_cast<float>(rows[i][j]);
      shift -= rows[i][j] * eye[j];
    }
    view[4 * i + 3] = static_cast<float>(shift);
  }
}

void make_scene(const Options& options, Scene& scene) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> unit;
  std::normal_distribution<float> normal;
  constexpr double kGround = 12 * 12, kRadius = 1.0, kSphere = 4 * M_PI * kRadius * kRadius;
  const double area = kGround + 3 * kSphere;
  const float spacing = static_cast<float>(std::sqrt(area / static_cast<double>(scene.n)));
  for (int64_t i = 0; i < scene.n; ++i) {
    float* mean = scene.means.row(i);
    float color[3];
    const float which = unit(random) * static_cast<float>(area);
    if (which < kGround) {
      const float x = unit(random) * 12 - 6, z = unit(random) * 12 - 6;
      mean[0] = x, mean[1] = 0.25f * std::sin(1.7f * x) * std::cos(1.3f * z), mean[2] = z;
      const float check = std::sin(6 * x) * std::sin(6 * z) > 0 ? 0.7f : 0.25f;
      color[0] = check, color[1] = 0.6f * check, color[2] = 0.3f;
    } else {
      const int ball = static_cast<int>((which - kGround) / kSphere) % 3;
      float direction[3], length = 0;
      for (float& d : direction) d = normal(random), length += d * d;
      for (float& d : direction) d /= std::sqrt(length);
      const float centre[3] = {static_cast<float>(ball - 1) * 2.4f, -1.1f,
                               static_cast<float>(ball % 2) * 1.5f};
      for (int c = 0; c < 3; ++c)
        mean[c] = centre[c] + direction[c], color[c] = 0.5f + 0.45f * direction[(c + ball) % 3];
    }
    for (int c = 0; c < 4; ++c) scene.quats.row(i)[c] = normal(random);
    for (int c = 0; c < 3; ++c) scene.log_scales.row(i)[c] = std::log(spacing * (0.3f + unit(random)));
    scene.logits.row(i)[0] = std::log(options.opacity / (1 - options.opacity));
    for (int c = 0; c < 3; ++c) scene.sh.row(i)[c] = (color[c] - 0.5f) / 0.28209479f;
    for (int64_t c = 3; c < 3 * scene.k; ++c) scene.sh.row(i)[c] = 0.05f * normal(random);
  }
  const double eye[3] = {0.5, -2.5, -6.5}, target[3] = {0, -0.4, 0};
  look_at(eye, target, scene.camera.view);
  scene.camera.fx = scene.camera.fy = 0.9f * static_cast<float>(options.width);
  scene.camera.cx = 0.5f * static_cast<float>(options.width);
  scene.camera.cy = 0.5f * static_cast<float>(options.height);
}

constexpr std::size_t kHeader = 22, kRow = 14;

std::vector<float> read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) {
    std::fprintf(stderr, "--scene: %s cannot be opened\n", path.c_str());
    std::exit(1);
  }
  std::vector<float> values;
  float buffer[4096];
  while (const std::size_t n = std::fread(buffer, sizeof(float), 4096, file))
    values.insert(values.end(), buffer, buffer + n);
  std::fclose(file);
  if (values.size() <= kHeader || (values.size() - kHeader) % kRow != 0) {
    std::fprintf(stderr, "--scene: %s has %zu floats, expected 22 and 14 for each Gaussian\n", path.c_str(),
                 values.size());
    std::exit(1);
  }
  return values;
}

void take_scene(const std::vector<float>& file, const Options& options, Scene& scene) {
  std::mt19937 random(0);
  std::normal_distribution<float> normal;
  const int64_t own = static_cast<int64_t>((file.size() - kHeader) / kRow);
  for (int64_t i = 0; i < scene.n; ++i) {
    const float* from = file.data() + kHeader + static_cast<std::size_t>(i % own) * kRow;
    for (int c = 0; c < 3; ++c) {
      scene.means.row(i)[c] = from[c] + (i < own ? 0 : normal(random) * std::exp(from[7 + c]));
      scene.log_scales.row(i)[c] = from[7 + c];
      scene.sh.row(i)[c] = from[11 + c];
    }
    std::copy_n(from + 3, 4, scene.quats.row(i));
    scene.logits.row(i)[0] = from[10];
    for (int64_t c = 3; c < 3 * scene.k; ++c) scene.sh.row(i)[c] = 0.05f * normal(random);
  }
  std::copy_n(file.data(), 16, scene.camera.view);
  const float x = static_cast<float>(options.width) / file[20],
              y = static_cast<float>(options.height) / file[21];
  scene.camera.fx = file[16] * x, scene.camera.fy = file[17] * y;
  scene.camera.cx = file[18] * x, scene.camera.cy = file[19] * y;
}

// Median and smallest of one figure over the repeats.
struct Series {
  std::vector<double> values;
  double at(double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  }
};

void run(const Options& options, Scene& scene) {
  dio_context* context = nullptr;
  dio_splat_frame* frame = nullptr;
  check(dio_context_create(options.backend.c_str(), options.threads, &context));
  check(dio_splat_frame_create(context, &frame));
  scene.camera.model = DIO_CAMERA_PINHOLE;
  scene.camera.width = options.width, scene.camera.height = options.height;
  dio_splat_settings settings;
  check(dio_splat_settings_default(&settings));
  const dio_splat_gaussians gaussians = {&scene.means.tensor,  &scene.quats.tensor, &scene.log_scales.tensor,
                                         &scene.logits.tensor, &scene.sh.tensor,    nullptr};
  const int64_t h = options.height, w = options.width;
  Array rgb({h, w, 3}), depth({h, w, 1}), alpha({h, w, 1}), normals({h, w, 3});
  dio_splat_images images{};
  images.rgb = &rgb.tensor;
  if (options.all_channels)
    images.depth = &depth.tensor, images.alpha = &alpha.tensor, images.normals = &normals.tensor;
  const int64_t n = options.backward ? scene.n : 1, k = options.backward ? scene.k : 1;
  Array means({n, 3}), quats({n, 4}), log_scales({n, 3}), logits({n}), sh({n, k, 3});
  const dio_splat_gradients gradients = {&means.tensor,  &quats.tensor, &log_scales.tensor,
                                         &logits.tensor, &sh.tensor,    nullptr,
                                         nullptr,        nullptr};
  const char* names[] = {
      "render_ms",          "project_ms",         "sort_ms", "bin_ms", "raster_ms", "backward_ms",
      "raster_backward_ms", "project_backward_ms"};
  Series series[8];
  dio_splat_stats stats{};
  for (int i = -2; i < options.repeats; ++i) {
    const auto timed = [](const std::function<void()>& body) {
      const auto start = std::chrono::steady_clock::now();
      body();
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    };
    const double render = timed(
        [&] { check(dio_splat_render(context, frame, &gaussians, &scene.camera, &settings, &images)); });
    double backward = 0;
    if (options.backward) {
      backward =
          timed([&] { check(dio_splat_backward(context, frame, &gaussians, &images, 0, &gradients)); });
    }
    check(dio_splat_frame_stats(frame, &stats));
    if (i < 0) continue;
    const double figures[] = {render,
                              stats.project_ms,
                              stats.sort_ms,
                              stats.bin_ms,
                              stats.raster_ms,
                              backward,
                              stats.raster_backward_ms,
                              stats.project_backward_ms};
    for (int j = 0; j < 8; ++j) series[j].values.push_back(figures[j]);
  }
  std::printf("{\"op\": \"splat\", \"case\": \"n%lld %dx%d%s\"", static_cast<long long>(scene.n),
              options.width, options.height, options.backward ? " forward+backward" : "");
  for (int j = 0; j < (options.backward ? 8 : 5); ++j)
    std::printf(", \"%s\": [%.2f, %.2f]", names[j], series[j].at(0.5), series[j].at(0));
  dio_memory_stats memory;
  check(dio_context_memory(context, &memory));
  std::printf(
      ", \"threads\": %d, \"visible\": %lld, \"intersections\": %lld, \"evaluations\": %lld, "
      "\"frame_bytes\": "
      "%lld, \"peak_bytes\": %lld}\n",
      options.threads, static_cast<long long>(stats.visible), static_cast<long long>(stats.intersections),
      static_cast<long long>(stats.evaluations), static_cast<long long>(stats.bytes),
      static_cast<long long>(memory.peak_bytes));
  check(dio_splat_frame_destroy(frame));
  check(dio_context_destroy(context));
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--backward") {
      o.backward = true;
      continue;
    }
    if (i + 1 == argc) {
      std::fprintf(stderr, "%s: unknown, or without its value\n", argv[i]);
      std::exit(2);
    }
    const char* value = argv[++i];
    if (name == "--gaussians")
      o.gaussians = std::atoll(value);
    else if (name == "--width")
      o.width = std::atoi(value);
    else if (name == "--height")
      o.height = std::atoi(value);
    else if (name == "--threads")
      o.threads = std::atoi(value);
    else if (name == "--repeats")
      o.repeats = std::max(1, std::atoi(value));
    else if (name == "--scene")
      o.scene = value;
    else if (name == "--sh-degree")
      o.sh_degree = std::clamp(std::atoi(value), 0, 3);
    else if (name == "--opacity")
      o.opacity = static_cast<float>(std::atof(value));
    else if (name == "--backend")
      o.backend = value;
    else if (name == "--channels")
      o.all_channels = !std::strcmp(value, "all");
    else {
      std::fprintf(stderr, "%s: unknown option\n", name.c_str());
      std::exit(2);
    }
  }
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.scene.empty()) {
    Scene scene(options.gaussians > 0 ? options.gaussians : 138766, options.sh_degree);
    make_scene(options, scene);
    run(options, scene);
    return 0;
  }
  const std::vector<float> file = read_file(options.scene);
  const int64_t own = static_cast<int64_t>((file.size() - kHeader) / kRow);
  Scene scene(options.gaussians > 0 ? options.gaussians : own, options.sh_degree);
  take_scene(file, options, scene);
  run(options, scene);
}
