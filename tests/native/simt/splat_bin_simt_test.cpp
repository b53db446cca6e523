// The lists of tiles against every Gaussian tried at every pixel: no pair is missed, hardly one is for
// nothing, all are in order, and a pair's place can be found again.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

#include "kernels/splat/tiles_cuda.cuh"
#include "splat_raster_scene.h"

using namespace diorama;
using namespace diorama::test;
using cuda::DeviceSplat;
using cuda::kDeviceTile;

namespace {

void connect() {
  cuda::connect_raise([](int, const char* message) { throw std::runtime_error(message); });
}

// A scene and its lists on the host.
struct Binned {
  Binned(int64_t count, int32_t width, int32_t height, float log_scale, float deviation)
      : context(operations, cuda::describe_device(0), 1), frame(context) {
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<float> spread = normals(random, 3 * count, 1);
    const float across = 1.2f * static_cast<float>(width) / static_cast<float>(height);
    for (int64_t i = 0; i < count; ++i) {
      float* mean = spread.data() + 3 * i;
      mean[0] *= across;
      // Some behind the camera, some as far away as others.
      mean[2] = i % 11 == 0 ? -1.0f : 2 + 0.25f * static_cast<float>(i % 17);
    }
    const Device<float> means(spread), quats(normals(random, 4 * count, 1)),
        scales(normals(random, 3 * count, deviation, log_scale)), logits(normals(random, count, 2)),
        sh(normals(random, 3 * count, 0.5f));
    const dio_tensor tensors[] = {tensor(means.get(), {count, 3}), tensor(quats.get(), {count, 4}),
                                  tensor(scales.get(), {count, 3}), tensor(logits.get(), {count}),
                                  tensor(sh.get(), {count, 1, 3})};
    const GaussianArrays in(
        dio_splat_gaussians{&tensors[0], &tensors[1], &tensors[2], &tensors[3], &tensors[4], nullptr});
    dio_splat_camera camera = {DIO_CAMERA_PINHOLE, width,        height,        0.7f * height,
                               0.8f * height,      0.5f * width, 0.4f * height, {}};
    for (int i = 0; i < 16; i += 5) camera.view[i] = 1;
    const dio_splat_settings settings = {0, -1, 0.01f, 1e10f, 0.3f, 1 / 255.0f, 0.99f, 0, 1e-4f, {0, 0, 0}};
    view = std::make_unique<DrawingView>(camera, settings, 1, kDeviceTile);
    context.reset_scratch();
    cuda::project_gaussians(context, *view, in, false, frame);
    cuda::bin_to_tiles(context, *view, count, frame);
    splats = read(frame.splats, count);
    counts = read(frame.tile_counts, count);
    pair_starts = read(frame.pair_starts, count);
    starts = read(frame.tile_starts, view->tiles() + 1);
    order = read(frame.order, frame.visible);
    list = read(frame.list, starts.back());
  }

  template <typename T>
  std::vector<T> read(const FrameArray<T>& array, int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    context.copy(values.data(), array.data(), values.size() * sizeof(T), DIO_COPY_DEVICE_TO_HOST);
    return values;
  }

  Operations operations;
  cuda::CudaContext context;
  cuda::CudaSplatFrame frame;
  std::unique_ptr<DrawingView> view;
  std::vector<DeviceSplat> splats;
  std::vector<uint32_t> counts, pair_starts, starts;
  std::vector<int32_t> order, list;
};

double log2_alpha(const DeviceSplat& g, double x, double y) {
  const double dx = x - g.x, dy = y - g.y;
  const double across = g.root * (dx + g.skew * dy), down = g.root_y * dy;
  return g.log2_opacity - across * across - down * down;
}

// The largest value over the pixels of a tile that the picture has.
double largest_at_pixels(const DrawingView& view, const DeviceSplat& g, int tx, int ty) {
  double largest = -1e300;
  for (int y = ty * kDeviceTile; y < std::min((ty + 1) * kDeviceTile, view.height); ++y) {
    for (int x = tx * kDeviceTile; x < std::min((tx + 1) * kDeviceTile, view.width); ++x) {
      largest = std::max(largest, log2_alpha(g, x + 0.5, y + 0.5));
    }
  }
  return largest;
}

// The largest value over the rectangle of the tile's pixels' centres and `margin` pixels around it.
double largest_around(const DeviceSplat& g, int tx, int ty, double margin) {
  const double x0 = tx * kDeviceTile + 0.5 - margin, x1 = x0 + kDeviceTile - 1 + 2 * margin;
  const double y0 = ty * kDeviceTile + 0.5 - margin, y1 = y0 + kDeviceTile - 1 + 2 * margin;
  if (g.x >= x0 && g.x <= x1 && g.y >= y0 && g.y <= y1) return g.log2_opacity;
  double largest = -1e300;
  for (const double y : {y0, y1}) {  // on a row the summit is at dx = -skew dy
    largest = std::max(largest, log2_alpha(g, std::clamp(g.x - g.skew * (y - g.y), x0, x1), y));
  }
  const double a = double(g.root) * g.root, b = a * g.skew * g.skew + double(g.root_y) * g.root_y;
  for (const double x : {x0, x1}) {  // in a column at dy = -a skew dx / (a skew^2 + root_y^2)
    largest = std::max(largest, log2_alpha(g, x, std::clamp(g.y - a * g.skew * (x - g.x) / b, y0, y1)));
  }
  return largest;
}

void check_pairs(const Binned& b) {
  const DrawingView& view = *b.view;
  const double alpha_min = std::log2(static_cast<double>(view.alpha_min));
  std::vector<uint32_t> met(b.splats.size());
  int64_t listed_pairs = 0, in_vain = 0;
  bool missed = false, far_off = false;
  for (int ty = 0; ty < view.tiles_y; ++ty) {
    for (int tx = 0; tx < view.tiles_x; ++tx) {
      const std::size_t tile = static_cast<std::size_t>(ty) * static_cast<std::size_t>(view.tiles_x) +
                               static_cast<std::size_t>(tx);
      std::vector<bool> listed(b.splats.size());
      for (uint32_t at = b.starts[tile]; at < b.starts[tile + 1]; ++at) {
        listed[static_cast<std::size_t>(b.list[at])] = true;
        ++met[static_cast<std::size_t>(b.list[at])];
      }
      for (std::size_t i = 0; i < b.splats.size(); ++i) {
        if (b.counts[i] == 0) continue;
        const DeviceSplat& g = b.splats[i];
        if (listed[i]) {
          far_off = far_off || largest_around(g, tx, ty, 1.01) < alpha_min - 0.01;
          ++listed_pairs;
          in_vain += largest_around(g, tx, ty, 0) < alpha_min;
        } else if (largest_around(g, tx, ty, 0) >= alpha_min) {
          missed = missed || largest_at_pixels(view, g, tx, ty) >= alpha_min;
        }
      }
    }
  }
  CHECK(!missed);
  CHECK(!far_off);
  CHECK(listed_pairs > 0);
  CHECK(in_vain <= listed_pairs / 20);
  CHECK(met == b.counts);
}

void check_order(const Binned& b) {
  const auto nearer = [&](int32_t i, int32_t j) {
    const float a = b.splats[static_cast<std::size_t>(i)].depth,
                c = b.splats[static_cast<std::size_t>(j)].depth;
    return a < c || (a == c && i < j);
  };
  const auto seen = std::count_if(b.counts.begin(), b.counts.end(), [](uint32_t n) { return n > 0; });
  // Where the frame's count is a bound, what is not visible comes last.
  CHECK(std::is_sorted(b.order.begin(), b.order.begin() + seen, nearer));
  uint32_t pairs = 0;
  for (auto i = b.order.begin(); i != b.order.begin() + seen; ++i) {
    const auto g = static_cast<std::size_t>(*i);
    CHECK(b.counts[g] > 0);
    CHECK(b.pair_starts[g] == pairs);
    pairs += b.counts[g];
  }
  CHECK(b.starts.front() == 0);
  CHECK(b.starts.back() == pairs);
  for (std::size_t tile = 0; tile + 1 < b.starts.size(); ++tile) {
    CHECK(b.starts[tile] <= b.starts[tile + 1]);
    CHECK(std::is_sorted(b.list.begin() + b.starts[tile], b.list.begin() + b.starts[tile + 1], nearer));
  }
}

// Every pair finds a place of its own.
void check_places(const Binned& b) {
  const DrawingView view = *b.view;
  const Device<uint32_t> taken(std::vector<uint32_t>(b.list.size(), 0));
  uint32_t* at = taken.get();
  const int32_t* list = b.frame.list.data();
  const uint32_t *starts = b.frame.tile_starts.data(), *pair_starts = b.frame.pair_starts.data();
  const DeviceSplat* splats = b.frame.splats.data();
  REQUIRE(run(dim3(static_cast<unsigned>(view.tiles())), 1, 0, [=] {
            const int tile = static_cast<int>(blockIdx.x);
            for (uint32_t pair = starts[tile]; pair < starts[tile + 1]; ++pair) {
              const int32_t i = list[pair];
              const uint32_t index =
                  cuda::tile_index(view, splats[i], tile % view.tiles_x, tile / view.tiles_x);
              atomicAdd(at + pair_starts[i] + index, 1u);
            }
          }) == "");
  const std::vector<uint32_t> times = taken.read();
  CHECK(std::all_of(times.begin(), times.end(), [](uint32_t n) { return n == 1; }));
}

void check(const Binned& b, bool bounded) {
  const auto seen = std::count_if(b.counts.begin(), b.counts.end(), [](uint32_t n) { return n > 0; });
  CHECK((b.frame.intersections > b.starts.back()) == bounded);
  if (bounded) {
    CHECK(b.frame.visible >= seen);
  } else {
    CHECK(b.frame.visible == seen);
    CHECK(b.frame.intersections == b.starts.back());
  }
  check_pairs(b);
  check_order(b);
  check_places(b);
}

}  // namespace

TEST_CASE("bin: few Gaussians and few tiles need no count") {
  connect();
  check(Binned(57, 75, 49, -1.5f, 0.8f), true);
}

TEST_CASE("bin: what is visible is counted and collected") {
  connect();
  check(Binned(2111, 322, 181, -2.5f, 1.0f), false);
}

TEST_CASE("bin: Gaussians of many tiles, long and thin ones") {
  connect();
  check(Binned(700, 401, 309, -1.0f, 1.8f), false);
}

TEST_CASE("bin: more than 65,535 tiles") {
  connect();
  const Binned b(9, 32768, 512, -2.0f, 1.0f);
  CHECK(b.view->tiles() > 0xFFFF);
  check(b, false);
}

TEST_CASE("bin: nothing visible leaves empty lists") {
  connect();
  Binned b(1, 40, 40, -2.0f, 1.0f);  // the first one is behind the camera
  CHECK(b.counts[0] == 0);
  CHECK(b.starts == std::vector<uint32_t>(10, 0));
}

TEST_CASE("bin: more pairs than can be listed are refused") {
  connect();
  std::string message;
  try {
    Binned(75000, 32768, 512, 6.0f, 0.0f);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK(message.rfind("splat_render: the Gaussians meet ", 0) == 0);
  CHECK(message.find(" tiles in all, but at most 4294967295 can be listed") != std::string::npos);
}
