// Noise equal to torch.randn's with a CPU generator, against numbers that PyTorch 2.13 made.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "conformance.h"

using namespace diorama::test;

namespace {

struct Numbers {
  std::string name;
  std::vector<float> values;
};

// The tensors of a safetensors file, f32 all of them: a length, a JSON header, the data.
std::vector<Numbers> read_numbers(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  std::vector<Numbers> list;
  if (bytes.size() < 8) return list;
  uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  const std::string header = bytes.substr(8, length);
  const std::string key = "\"data_offsets\":[";
  for (std::size_t at = header.find(key); at != std::string::npos; at = header.find(key, at + 1)) {
    const std::size_t name_end = header.rfind("\":{", at);
    const std::size_t name_begin = header.rfind('"', name_end - 1) + 1;
    char* next;
    const uint64_t begin = std::strtoull(header.c_str() + at + key.size(), &next, 10);
    const uint64_t end = std::strtoull(next + 1, nullptr, 10);
    Numbers numbers = {header.substr(name_begin, name_end - name_begin),
                       std::vector<float>((end - begin) / 4)};
    std::memcpy(numbers.values.data(), bytes.data() + 8 + length + begin, end - begin);
    list.push_back(numbers);
  }
  return list;
}

std::vector<Numbers> fixture() {
  const char* folder = std::getenv("DIORAMA_FIXTURES");
  return read_numbers(std::string(folder ? folder : DIORAMA_FIXTURES_FOLDER) +
                      "/torch-cpu-randn.safetensors");
}

struct Draws {
  explicit Draws(uint64_t seed) { REQUIRE(dio_generator_create(seed, &generator) == DIO_STATUS_OK); }
  Draws(const Draws&) = delete;
  Draws& operator=(const Draws&) = delete;
  ~Draws() { dio_generator_destroy(generator); }

  std::vector<float> next(const std::string& backend, std::size_t count) {
    std::vector<float> values(count);
    dio_context* context = shared_context(backend);
    void* memory = nullptr;
    REQUIRE(dio_memory_allocate(context, count * sizeof(float), &memory) == DIO_STATUS_OK);
    dio_tensor out = {memory, DIO_F32, 1, {static_cast<int64_t>(count)}, {1}};
    REQUIRE(dio_randn(context, generator, &out) == DIO_STATUS_OK);
    REQUIRE(dio_memory_copy(context, values.data(), memory, count * sizeof(float), DIO_COPY_DEVICE_TO_HOST) ==
            DIO_STATUS_OK);
    REQUIRE(dio_memory_free(context, memory) == DIO_STATUS_OK);
    return values;
  }

  dio_generator* generator = nullptr;
};

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::fabs(double{a[i]} - double{b[i]}));
  return largest;
}

std::vector<std::string> backends() {
  std::vector<std::string> present;
  for (const std::string backend : {"reference", "plain", kHost, "simt", "cuda"}) {
    if (shared_context(backend)) present.push_back(backend);
  }
  return present;
}

constexpr double kTolerance = 2e-6;

}  // namespace

TEST_CASE("randn equals torch's fixture") {
  const auto numbers = fixture();
  if (numbers.empty()) {
    MESSAGE("skipped: no torch-cpu-randn.safetensors in the fixtures");
    return;
  }
  int draws = 0;
  for (const std::string& backend : backends()) {
    for (const Numbers& expected : numbers) {  // "randn.seed42.17", "two-draws.seed7.a" with its ".b"
      const std::string prefix = "randn.seed";
      if (expected.name.rfind(prefix, 0) != 0) continue;
      CAPTURE(expected.name);
      Draws generator(std::strtoull(expected.name.c_str() + prefix.size(), nullptr, 10));
      CHECK(largest_difference(generator.next(backend, expected.values.size()), expected.values) <=
            kTolerance);
      ++draws;
    }
    for (const Numbers& first : numbers) {
      const std::string prefix = "two-draws.seed";
      if (first.name.rfind(prefix, 0) != 0 || first.name.back() != 'a') continue;
      Draws generator(std::strtoull(first.name.c_str() + prefix.size(), nullptr, 10));
      CHECK(largest_difference(generator.next(backend, first.values.size()), first.values) <= kTolerance);
      for (const Numbers& second : numbers) {
        if (second.name != first.name.substr(0, first.name.size() - 1) + 'b') continue;
        CHECK(largest_difference(generator.next(backend, second.values.size()), second.values) <= kTolerance);
        ++draws;
      }
    }
  }
  CHECK(draws > 3);
}

// g = torch.Generator().manual_seed(42); [torch.randn(n, generator=g)[-1] for n in (3, 20, 5, 16, 17, 1,
// 100003)]: short draws keep half a pair for one another, across long draws too.
TEST_CASE("draws of every length follow one another as torch's do") {
  const std::size_t counts[] = {3, 20, 5, 16, 17, 1, 100003};
  const double last[] = {0.234462366, -0.601142049, 0.056163542, 0.535654664,
                         1.74225271,  0.450396627,  -0.407517701};
  for (const std::string& backend : backends()) {
    Draws generator(42);
    for (std::size_t i = 0; i < std::size(counts); ++i) {
      CAPTURE(counts[i]);
      CHECK(std::fabs(generator.next(backend, counts[i]).back() - last[i]) <= kTolerance);
    }
  }
}

TEST_CASE("the number of threads does not change the noise") {
  dio_context* single = nullptr;
  REQUIRE(dio_context_create(kHost, 1, &single) == DIO_STATUS_OK);
  std::vector<float> alone(50021);
  dio_tensor out = {alone.data(), DIO_F32, 1, {50021}, {1}};
  REQUIRE(dio_randn(single, Draws(5).generator, &out) == DIO_STATUS_OK);
  CHECK(Draws(5).next(kHost, alone.size()) == alone);
  dio_context_destroy(single);
}

// Logarithm, cosine and sine are rounded as on the host, so that a seed gives one video on every backend.
TEST_CASE("devices draw what the host draws") {
  for (const std::string backend : {"simt", "cuda"}) {
    if (!shared_context(backend)) continue;
    Draws host(11), device(11);
    const auto expected = host.next(kHost, 50021), found = device.next(backend, 50021);
    std::size_t other = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (found[i] == expected[i]) continue;
      ++other;
      CHECK(std::fabs(found[i] - expected[i]) <= 4 * 0x1p-24f * std::fabs(expected[i]));
    }
    CHECK(other * 10 < expected.size());
  }
}

TEST_CASE("noise cannot be part of a graph") {
  for (const std::string backend : {"simt", "cuda"}) {
    dio_context* context = shared_context(backend);
    if (!context) continue;
    Draws drawn(3), apart(3);
    void* memory = nullptr;
    REQUIRE(dio_memory_allocate(context, 64, &memory) == DIO_STATUS_OK);
    dio_tensor out = {memory, DIO_F32, 1, {16}, {1}};
    dio_graph* graph = nullptr;
    REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
    CHECK(dio_randn(context, drawn.generator, &out) == DIO_STATUS_INVALID_ARGUMENT);
    CHECK(std::string(dio_last_error()).find("randn: noise is drawn on the host") == 0);
    REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
    dio_graph_destroy(graph);
    dio_memory_free(context, memory);
    CHECK(drawn.next(kHost, 16) == apart.next(kHost, 16));  // nothing was drawn
  }
}
