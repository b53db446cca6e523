// The loss, Adam, relocation and noise on every backend, against their formulas written another way and
// against values of other programs.
#include <cmath>
#include <vector>

#include "conformance.h"
#include "instruction_sets.h"

using namespace diorama::test;

namespace {

// Pictures without randomness, so that other programs can make them: each value is f32.
TestTensor pattern(int64_t height, int64_t width, int a, int b, int c, int modulus) {
  std::vector<double> values;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t k = 0; k < 3; ++k) {
        values.push_back(static_cast<double>((y * a + x * b + k * c) % modulus) / (modulus - 1));
      }
    }
  }
  return TestTensor(DIO_F32, {height, width, 3}).values(values);
}

double only(const std::vector<std::vector<double>>& outputs, std::size_t index) {
  return outputs.at(0).at(index);
}

// The plain loops and every other backend that is present.
std::vector<std::string> present() {
  std::vector<std::string> names = {"reference", "plain"};
  for (const std::string& name : backends_under_test()) {
    if (shared_context(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("loss: ragged sizes, f32 and u8 targets, with and without mask and gradient") {
  Random random(1);
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{1, 1},   {1, 17},  {23, 1},  {5, 6},
                                                          {11, 11}, {13, 64}, {37, 43}, {40, 129}};
  for (const auto& [height, width] : sizes) {
    for (const dio_dtype dtype : {DIO_F32, DIO_U8}) {
      auto image = TestTensor(DIO_F32, {height, width, 3}).normal(random, 0.3, 0.5);
      auto target = dtype == DIO_U8 ? TestTensor(DIO_U8, {height, width, 3}).integers(random, 0, 255)
                                    : TestTensor(DIO_F32, {height, width, 3}).normal(random, 0.3, 0.5);
      auto mask = TestTensor(DIO_F32, {height, width}).normal(random, 0.4, 0.6);
      auto losses = TestTensor(DIO_F32, {4});
      auto gradient = TestTensor(DIO_F32, {height, width, 3});
      for (const float weight : {0.0f, 0.2f, 1.0f}) {
        conform("without mask", {&image, &target}, {&losses, &gradient}, [&](dio_context* c) {
          return dio_splat_loss(c, image, target, nullptr, weight, losses, gradient);
        });
        conform("with mask", {&image, &target, &mask}, {&losses, &gradient}, [&](dio_context* c) {
          return dio_splat_loss(c, image, target, mask, weight, losses, gradient);
        });
        conform("without gradient", {&image, &target}, {&losses}, [&](dio_context* c) {
          return dio_splat_loss(c, image, target, nullptr, weight, losses, nullptr);
        });
      }
    }
  }
}

TEST_CASE("loss: the values of torch") {
  // torch 2.x in double: conv2d with the 11 x 11 window and padding 5, autograd of
  // 0.8 mean|x - y| + 0.2 (1 - mean SSIM) on these two patterns.
  auto image = pattern(9, 13, 7, 3, 5, 17);
  auto target = pattern(9, 13, 5, 11, 2, 13);
  auto losses = TestTensor(DIO_F32, {4});
  auto gradient = TestTensor(DIO_F32, {9, 13, 3});
  const double expected[] = {0.430139952576, 0.357787274206, 0.280449333943, 0.193687678153};
  const std::pair<std::size_t, double> slopes[] = {{0, 3.088703118308e-04},
                                                   {(4 * 13 + 6) * 3 + 1, -4.418620265922e-03},
                                                   {(8 * 13 + 12) * 3 + 2, -3.074189474735e-03},
                                                   {(3 * 13 + 1) * 3, 4.155285675243e-03}};
  for (const std::string& backend : present()) {
    INFO(backend);
    const auto results = run_on(backend, {&image, &target}, {&losses, &gradient}, [&](dio_context* c) {
      return dio_splat_loss(c, image, target, nullptr, 0.2f, losses, gradient);
    });
    for (std::size_t i = 0; i < 4; ++i) CHECK(only(results, i) == doctest::Approx(expected[i]).epsilon(1e-6));
    // The largest slope is some 5e-3; the sums of x x and mean^2 cancel to about 1e-5 of it in float.
    for (const auto& [index, slope] : slopes) CHECK(std::fabs(results[1][index] - slope) <= 1e-7);
  }
}

TEST_CASE("loss: the gradient is that of central differences") {
  Random random(3);
  const int64_t height = 14, width = 9;
  auto image = TestTensor(DIO_F32, {height, width, 3}).normal(random, 0.3, 0.5);
  auto target = TestTensor(DIO_F32, {height, width, 3}).normal(random, 0.3, 0.5);
  auto mask = TestTensor(DIO_F32, {height, width}).normal(random, 0.2, 0.7);
  auto losses = TestTensor(DIO_F32, {4});
  auto gradient = TestTensor(DIO_F32, {height, width, 3});
  const auto values = image.read(), goals = target.read();
  for (const float weight : {0.2f, 1.0f}) {
    const auto loss = [&](dio_context* c) {
      return dio_splat_loss(c, image, target, mask, weight, losses, gradient);
    };
    const auto slopes = run_on("reference", {}, {&losses, &gradient}, loss)[1];
    // The loss comes back as f32, 6e-8 of about 1: over a step of 2^-5 that is 2e-6, so the differences are
    // taken over the whole row of 27 values at once, in the direction that adds their slopes up.
    for (int64_t row = 0; row < height; ++row) {
      double expected = 0, up, down;
      const double step = 0x1p-8;
      const auto moved = [&](double sign) {
        for (int64_t i = row * width * 3; i < (row + 1) * width * 3; ++i) {
          const auto at = static_cast<std::size_t>(i);
          // Values that the step would carry over their goal stay: the absolute value bends there.
          if (std::fabs(values[at] - goals[at]) < 2 * step) continue;
          image.set(i, values[at] + sign * (slopes[at] > 0 ? step : -step));
        }
        return only(run_on("reference", {}, {&losses, &gradient}, loss), 0);
      };
      for (int64_t i = row * width * 3; i < (row + 1) * width * 3; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (std::fabs(values[at] - goals[at]) >= 2 * step) expected += std::fabs(slopes[at]);
      }
      up = moved(1);
      down = moved(-1);
      for (int64_t i = row * width * 3; i < (row + 1) * width * 3; ++i) {
        image.set(i, values[static_cast<std::size_t>(i)]);
      }
      CHECK((up - down) / (2 * step) == doctest::Approx(expected).epsilon(2e-3));
    }
  }
}

TEST_CASE("loss: equal pictures, black pictures and NaN") {
  auto image = pattern(12, 20, 7, 3, 5, 17);
  auto same = pattern(12, 20, 7, 3, 5, 17);
  auto black = TestTensor(DIO_F32, {12, 20, 3}).filled(0);
  auto losses = TestTensor(DIO_F32, {4});
  auto gradient = TestTensor(DIO_F32, {12, 20, 3});
  for (const std::string& backend : present()) {
    INFO(backend);
    const auto equal = run_on(backend, {&image, &same}, {&losses, &gradient}, [&](dio_context* c) {
      return dio_splat_loss(c, image, same, nullptr, 0.2f, losses, gradient);
    });
    CHECK(only(equal, 2) == doctest::Approx(1).epsilon(1e-6));
    CHECK(only(equal, 3) == 0);
    const auto dark = run_on(backend, {&black}, {&losses, &gradient}, [&](dio_context* c) {
      return dio_splat_loss(c, black, black, nullptr, 0.2f, losses, gradient);
    });
    CHECK(only(dark, 0) == 0);
    for (const double slope : dark[1]) CHECK(slope == 0);
  }
  image.set(100, NAN);
  conform("nan", {&image, &same}, {&losses, &gradient},
          [&](dio_context* c) { return dio_splat_loss(c, image, same, nullptr, 0.2f, losses, gradient); });
}

TEST_CASE("loss: the number of threads changes nothing") {
  Random random(4);
  auto image = TestTensor(DIO_F32, {97, 71, 3}).normal(random, 0.3, 0.5);
  auto target = TestTensor(DIO_U8, {97, 71, 3}).integers(random, 0, 255);
  std::vector<std::vector<double>> first;
  for (const int threads : {1, 2, 3, 7}) {
    auto losses = TestTensor(DIO_F32, {4});
    auto gradient = TestTensor(DIO_F32, {97, 71, 3});
    dio_context* context = nullptr;
    REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
    CHECK(dio_splat_loss(context, image, target, nullptr, 0.2f, losses, gradient) == DIO_STATUS_OK);
    CHECK(dio_context_destroy(context) == DIO_STATUS_OK);
    const std::vector<std::vector<double>> results = {losses.read(), gradient.read()};
    if (first.empty()) first = results;
    CHECK(results == first);
  }
}

TEST_CASE("adam: shapes, strides, first and late steps") {
  Random random(5);
  const std::vector<std::vector<int64_t>> shapes = {{1}, {17}, {1023, 3}, {40000}, {113, 15, 3}, {19, 1, 3}};
  for (const auto& shape : shapes) {
    for (const int64_t step : {1, 2, 1000, 30000}) {
      auto gradient = TestTensor(DIO_F32, shape).normal(random, 0.01);
      auto x = TestTensor(DIO_F32, shape).normal(random);
      auto m = TestTensor(DIO_F32, shape).normal(random, 0.01);
      auto v = TestTensor(DIO_F32, shape).normal(random, 1e-5, 1e-3);
      const dio_adam_params params = {step, 0.01f, 0.9f, 0.999f, 1e-15f};
      conform("dense", {&gradient}, {&x, &m, &v},
              [&](dio_context* c) { return dio_adam(c, gradient, &params, x, m, v); });
    }
  }
  // Parts of the rows of a wider tensor, as the constant colours are of all spherical harmonics.
  auto gradient = TestTensor(DIO_F32, {50, 16, 3}).normal(random, 0.01);
  auto x = TestTensor(DIO_F32, {50, 16, 3}).normal(random);
  auto m = TestTensor(DIO_F32, {50, 16, 3}).normal(random, 0.01);
  auto v = TestTensor(DIO_F32, {50, 16, 3}).normal(random, 1e-5, 1e-3);
  const dio_adam_params params = {7, 0.01f, 0.9f, 0.999f, 1e-15f};
  for (const int64_t first : {0, 1}) {
    conform("part of rows", {&gradient}, {&x, &m, &v}, [&](dio_context* c) {
      const auto part = [&](TestTensor& whole) {
        dio_tensor view = *whole.get();
        view.data = static_cast<float*>(view.data) + 3 * first;
        view.shape[1] = first == 0 ? 1 : 15;
        return view;
      };
      dio_tensor g = part(gradient), px = part(x), pm = part(m), pv = part(v);
      return dio_adam(c, &g, &params, &px, &pm, &pv);
    });
  }
}

TEST_CASE("adam: three steps as torch.optim.Adam does them") {
  // torch 2.x in double, lr 0.05, betas (0.875, 0.9375), eps 1e-3, gradients (0.3 t, -0.01, 4 / t).
  const double values[] = {0.854836183994, -1.863636363636, 0.359084990584};
  const double means[] = {0.206835937500, -0.003300781250, 0.768229166667};
  const double squares[] = {0.076662597656, 0.000017602539, 1.224392361111};
  for (const std::string& backend : present()) {
    INFO(backend);
    auto x = TestTensor(DIO_F32, {3}).values({1, -2, 0.5});
    auto m = TestTensor(DIO_F32, {3}).filled(0);
    auto v = TestTensor(DIO_F32, {3}).filled(0);
    for (int step = 1; step <= 3; ++step) {
      auto gradient = TestTensor(DIO_F32, {3}).values({0.3 * step, -0.01, 4.0 / step});
      const dio_adam_params params = {step, 0.05f, 0.875f, 0.9375f, 1e-3f};
      const auto next = run_on(backend, {&gradient}, {&x, &m, &v},
                               [&](dio_context* c) { return dio_adam(c, gradient, &params, x, m, v); });
      std::move(x).values(next[0]);
      std::move(m).values(next[1]);
      std::move(v).values(next[2]);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(x.read()[i] == doctest::Approx(values[i]).epsilon(1e-6));
      CHECK(m.read()[i] == doctest::Approx(means[i]).epsilon(1e-6));
      CHECK(v.read()[i] == doctest::Approx(squares[i]).epsilon(1e-6));
    }
  }
}

TEST_CASE("relocate: copies look like the one Gaussian") {
  // Equation 9 by an integral: with 1 / sqrt(j) = 2 / sqrt(pi) * the integral of exp(-j t^2), its alternating
  // sum is 2 / sqrt(pi) * the integral of 1 - (1 - a exp(-t^2))^count, where nothing cancels.
  const auto shrink = [](double opacity, int count) {
    const double a = 1 - std::pow(1 - opacity, 1.0 / count);
    const double step = 1e-4;
    double sum = 0;
    for (double t = step / 2; t < 7; t += step) {
      sum += -std::expm1(count * std::log1p(-a * std::exp(-t * t))) * step;
    }
    return opacity / (1.1283791670955126 * sum);
  };
  for (const std::string& backend : present()) {
    for (const double opacity : {0.005, 0.1, 0.5, 0.9, 0.999}) {
      for (const int count : {1, 2, 3, 10, 51}) {
        if (backend == "plain" && count > 10) continue;  // in float the sum has no digits left
        INFO(backend << ", opacity " << opacity << ", " << count);
        auto counts = TestTensor(DIO_I32, {1}).filled(count);
        auto logits = TestTensor(DIO_F32, {1}).filled(std::log(opacity / (1 - opacity)));
        auto scales = TestTensor(DIO_F32, {1, 3}).values({-3, -2, 0});
        const auto results = run_on(backend, {&counts}, {&logits, &scales}, [&](dio_context* c) {
          return dio_splat_relocate(c, counts, 1e-4f, logits, scales);
        });
        const double copy = 1 - std::pow(1 - opacity, 1.0 / count), factor = shrink(opacity, count);
        const double tolerance = backend == "plain" ? 1e-3 : 1e-5;
        CHECK(1 / (1 + std::exp(-results[0][0])) == doctest::Approx(copy).epsilon(tolerance));
        CHECK(std::exp(results[1][0] + 3) == doctest::Approx(factor).epsilon(tolerance));
        CHECK(std::exp(results[1][2]) == doctest::Approx(factor).epsilon(tolerance));
      }
    }
  }
}

TEST_CASE("relocate: conformance, and opacities of 0 and 1") {
  Random random(6);
  const int64_t count = 5000;
  auto counts = TestTensor(DIO_I32, {count}).integers(random, 1, 51);
  auto logits = TestTensor(DIO_F32, {count}).normal(random, 4);
  auto scales = TestTensor(DIO_F32, {count, 3}).normal(random, 1, -4);
  logits.set(0, INFINITY);
  logits.set(1, -INFINITY);
  logits.set(2, 200);
  logits.set(3, -200);
  const auto call = [&](dio_context* c) { return dio_splat_relocate(c, counts, 0.005f, logits, scales); };
  conform("relocate", {&counts}, {&logits, &scales}, call);
  for (const std::string& backend : present()) {
    if (backend == "plain") continue;  // in float the sum has no digits left
    const auto results = run_on(backend, {&counts}, {&logits, &scales}, call);
    for (const auto& list : results) {
      for (const double value : list) CHECK(std::isfinite(value));
    }
    for (const double logit : results[0]) CHECK(logit >= std::log(0.005 / 0.995) - 1e-5);
  }
}

TEST_CASE("perturb: conformance of both kinds, ragged counts") {
  Random random(7);
  for (const int64_t count : {1, 17, 113, 5003}) {
    auto quats = TestTensor(DIO_F32, {count, 4}).normal(random, 2);
    auto scales = TestTensor(DIO_F32, {count, 3}).normal(random, 1, -1);
    auto logits = TestTensor(DIO_F32, {count}).normal(random, 1, -5);
    auto noise = TestTensor(DIO_F32, {count, 3}).normal(random);
    auto means = TestTensor(DIO_F32, {count, 3}).normal(random);
    for (const auto kind : {DIO_SPLAT_NOISE_SAMPLE, DIO_SPLAT_NOISE_COVARIANCE}) {
      conform("perturb", {&quats, &scales, &logits, &noise}, {&means}, [&](dio_context* c) {
        return dio_splat_perturb(c, quats, scales, logits, noise, kind, 0.7f, means);
      });
    }
  }
}

TEST_CASE("perturb: a draw has the Gaussian's covariance") {
  // A quarter turn about z takes x to y: scales (3, 1, 0.5) become (1, 3, 0.5).
  const int64_t count = 40000;
  Random random(8);
  std::vector<double> turns, logs;
  for (int64_t i = 0; i < count; ++i) {
    turns.insert(turns.end(), {2, 0, 0, 2});
    logs.insert(logs.end(), {std::log(3.0), 0, std::log(0.5)});
  }
  auto quats = TestTensor(DIO_F32, {count, 4}).values(turns);
  auto scales = TestTensor(DIO_F32, {count, 3}).values(logs);
  auto opaque = TestTensor(DIO_F32, {count}).filled(10);
  auto clear = TestTensor(DIO_F32, {count}).filled(-30);
  auto noise = TestTensor(DIO_F32, {count, 3}).normal(random);
  const auto spread = [&](dio_tensor* logits, dio_splat_noise_kind kind) {
    auto means = TestTensor(DIO_F32, {count, 3}).filled(0);
    REQUIRE(dio_splat_perturb(shared_context(kHost), quats, scales, logits, noise, kind, 1, means) ==
            DIO_STATUS_OK);
    const auto values = means.read();
    std::vector<double> sums(3);
    for (std::size_t i = 0; i < values.size(); ++i) sums[i % 3] += values[i] * values[i];
    for (double& sum : sums) sum = std::sqrt(sum / static_cast<double>(count));
    return sums;
  };
  // The error of a standard deviation from n draws is 1 / sqrt(2 n) = 0.35%; four of them.
  const auto sample = spread(nullptr, DIO_SPLAT_NOISE_SAMPLE);
  CHECK(sample[0] == doctest::Approx(1).epsilon(0.014));
  CHECK(sample[1] == doctest::Approx(3).epsilon(0.014));
  CHECK(sample[2] == doctest::Approx(0.5).epsilon(0.014));
  const auto moved = spread(clear.get(), DIO_SPLAT_NOISE_COVARIANCE);
  const double gate = 1 / (1 + std::exp(-0.5));
  CHECK(moved[0] == doctest::Approx(gate * 1).epsilon(0.014));
  CHECK(moved[1] == doctest::Approx(gate * 9).epsilon(0.014));
  CHECK(moved[2] == doctest::Approx(gate * 0.25).epsilon(0.014));
  for (const double still : spread(opaque.get(), DIO_SPLAT_NOISE_COVARIANCE)) CHECK(still < 1e-30);
}

TEST_CASE("perturb: Gaussians that cannot be drawn stay") {
  auto quats = TestTensor(DIO_F32, {3, 4}).values({0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
  auto scales = TestTensor(DIO_F32, {3, 3}).values({0, 0, 0, NAN, 0, 0, 0, 0, INFINITY});
  auto noise = TestTensor(DIO_F32, {3, 3}).filled(1);
  for (const std::string& backend : present()) {
    auto means = TestTensor(DIO_F32, {3, 3}).filled(4);
    const auto results = run_on(backend, {&quats, &scales, &noise}, {&means}, [&](dio_context* c) {
      return dio_splat_perturb(c, quats, scales, nullptr, noise, DIO_SPLAT_NOISE_SAMPLE, 1, means);
    });
    // In float an infinite scale ends at e^89, which is finite: only the first two must stay.
    const auto& values = results[0];
    for (std::size_t i = 0; i < 6; ++i) CHECK(values[i] == 4);
  }
}

TEST_CASE("training with every instruction set of this processor") {
  Random random(9);
  auto image = TestTensor(DIO_F32, {19, 23, 3}).normal(random, 0.3, 0.5);
  auto target = TestTensor(DIO_U8, {19, 23, 3}).integers(random, 0, 255);
  auto losses = TestTensor(DIO_F32, {4});
  auto gradient = TestTensor(DIO_F32, {19, 23, 3});
  auto x = TestTensor(DIO_F32, {21, 3}).normal(random);
  auto slope = TestTensor(DIO_F32, {21, 3}).normal(random);
  auto m = TestTensor(DIO_F32, {21, 3}).normal(random);
  auto v = TestTensor(DIO_F32, {21, 3}).normal(random, 1e-2, 1);
  auto quats = TestTensor(DIO_F32, {21, 4}).normal(random);
  auto logits = TestTensor(DIO_F32, {21}).normal(random, 1, -5);
  const dio_adam_params params = {3, 0.01f, 0.9f, 0.999f, 1e-15f};
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    conform("loss", {&image, &target}, {&losses, &gradient}, [&](dio_context* c) {
      return dio_splat_loss(c, image, target, nullptr, 0.2f, losses, gradient);
    });
    conform("adam", {&slope}, {&x, &m, &v},
            [&](dio_context* c) { return dio_adam(c, slope, &params, x, m, v); });
    conform("perturb", {&quats, &slope, &logits, &m}, {&x}, [&](dio_context* c) {
      return dio_splat_perturb(c, quats, slope, logits, m, DIO_SPLAT_NOISE_COVARIANCE, 0.1f, x);
    });
  });
}

TEST_CASE("training refuses what does not fit") {
  auto image = TestTensor(DIO_F32, {4, 5, 3}).filled(0);
  auto other = TestTensor(DIO_F32, {4, 6, 3}).filled(0);
  auto losses = TestTensor(DIO_F32, {4});
  dio_context* c = shared_context(kHost);
  CHECK(dio_splat_loss(c, image, other, nullptr, 0.2f, losses, nullptr) == DIO_STATUS_INVALID_ARGUMENT);
  CHECK(dio_splat_loss(c, image, image, nullptr, 1.2f, losses, nullptr) == DIO_STATUS_INVALID_ARGUMENT);
  auto counts = TestTensor(DIO_I32, {2}).values({1, 52});
  auto logits = TestTensor(DIO_F32, {2}).filled(0);
  auto scales = TestTensor(DIO_F32, {2, 3}).filled(0);
  CHECK(dio_splat_relocate(c, counts, 0.005f, logits, scales) == DIO_STATUS_INVALID_ARGUMENT);
  const dio_adam_params params = {0, 0.01f, 0.9f, 0.999f, 1e-15f};
  auto x = TestTensor(DIO_F32, {2}).filled(0), m = TestTensor(DIO_F32, {2}).filled(0);
  auto v = TestTensor(DIO_F32, {2}).filled(0);
  CHECK(dio_adam(c, logits, &params, x, m, v) == DIO_STATUS_INVALID_ARGUMENT);
}
