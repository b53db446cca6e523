// Rasterization forwards and backwards gives the same bits in whatever order a block's threads take turns.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "splat_raster_scene.h"

using namespace diorama::test;

namespace {

// The picture and all gradients.
std::vector<float> results() {
  Drawn drawn(300, 0, -1);
  Weights weights(drawn.random());
  std::vector<float> values = drawn.alpha();
  const std::vector<float> gradients = drawn.differentiate(weights.all(), 10);
  values.insert(values.end(), gradients.begin(), gradients.end());
  return values;
}

// The same in a process of its own: the order is chosen once in each.
std::vector<float> results_in_order(int order) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv("DIORAMA_SIMT_ORDER", std::to_string(order).c_str(), 1);
    const std::vector<float> values = results();
    const char* from = reinterpret_cast<const char*>(values.data());
    std::size_t left = values.size() * sizeof(float);
    while (left > 0) {
      const ssize_t written = write(ends[1], from, left);
      if (written <= 0) _exit(1);
      from += written;
      left -= static_cast<std::size_t>(written);
    }
    _exit(0);
  }
  close(ends[1]);
  std::vector<char> bytes;
  char buffer[65536];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + got);
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

TEST_CASE("pictures and gradients have the same bits in any order of threads") {
  const std::vector<float> usual = results_in_order(0);
  CHECK(usual.size() > kPixels);
  for (const float value : usual) REQUIRE(std::isfinite(value));
  for (const int order : {1, 2, 3}) {
    INFO("order " << order);
    CHECK(results_in_order(order) == usual);
  }
}
