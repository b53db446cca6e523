// Contexts on a device (simt, and cuda where there is a card): memory, copies, graphs, streams, failures.
#include "conformance.h"

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace diorama::test;

namespace {

std::vector<std::string> devices() {
  std::vector<std::string> present;
  for (const char* name : {"simt", "cuda"}) {
    if (shared_context(name)) present.push_back(name);
  }
  return present;
}

struct Owned {
  explicit Owned(const std::string& backend) {
    REQUIRE(dio_context_create(backend.c_str(), 1, &context) == DIO_STATUS_OK);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { CHECK(dio_context_destroy(context) == DIO_STATUS_OK); }
  operator dio_context*() const { return context; }

  dio_tensor floats(std::vector<float> values) {
    void* memory = nullptr;
    REQUIRE(dio_memory_allocate(context, values.size() * 4, &memory) == DIO_STATUS_OK);
    put(memory, values);
    return {memory, DIO_F32, 1, {static_cast<int64_t>(values.size())}, {1}};
  }
  void put(void* memory, const std::vector<float>& values) {
    REQUIRE(dio_memory_copy(context, memory, values.data(), values.size() * 4, DIO_COPY_HOST_TO_DEVICE) ==
            DIO_STATUS_OK);
  }
  std::vector<float> get(const dio_tensor& tensor) {
    std::vector<float> values(static_cast<std::size_t>(tensor.shape[0]));
    REQUIRE(dio_memory_copy(context, values.data(), tensor.data, values.size() * 4,
                            DIO_COPY_DEVICE_TO_HOST) == DIO_STATUS_OK);
    return values;
  }
  dio_memory_stats stats() {
    dio_memory_stats result;
    REQUIRE(dio_context_memory(context, &result) == DIO_STATUS_OK);
    return result;
  }

  dio_context* context = nullptr;
};

float silu(float x) { return x / (1 + std::exp(-x)); }

bool fails_with(dio_status status, dio_status expected, const std::string& with) {
  const std::string text = dio_last_error();
  const bool as_expected = status == expected && text.find(with) != std::string::npos;
  if (!as_expected) MESSAGE(text);
  return as_expected;
}

}  // namespace

TEST_CASE("device: simt is there, whatever the machine") { CHECK(shared_context("simt") != nullptr); }

TEST_CASE("device: copies of every length come back") {
  for (const std::string& name : devices()) {
    Owned context(name);
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{4095}, std::size_t{(8 << 20) + 3}, std::size_t{(33 << 20) + 17}}) {
      std::vector<unsigned char> sent(bytes), back(bytes);
      Random random(bytes);
      for (auto& byte : sent) byte = static_cast<unsigned char>(random.below(256));
      void *one = nullptr, *two = nullptr;
      REQUIRE(dio_memory_allocate(context, bytes, &one) == DIO_STATUS_OK);
      REQUIRE(dio_memory_allocate(context, bytes, &two) == DIO_STATUS_OK);
      CHECK(dio_memory_copy(context, one, sent.data(), bytes, DIO_COPY_HOST_TO_DEVICE) == DIO_STATUS_OK);
      CHECK(dio_memory_copy(context, two, one, bytes, DIO_COPY_DEVICE_TO_DEVICE) == DIO_STATUS_OK);
      CHECK(dio_memory_copy(context, back.data(), two, bytes, DIO_COPY_DEVICE_TO_HOST) == DIO_STATUS_OK);
      CHECK(back == sent);
      CHECK(dio_memory_free(context, one) == DIO_STATUS_OK);
      CHECK(dio_memory_free(context, two) == DIO_STATUS_OK);
    }
  }
}

TEST_CASE("device: memory is counted, kept and given back") {
  for (const std::string& name : devices()) {
    Owned context(name);
    std::vector<void*> blocks(5);
    for (int round = 0; round < 3; ++round) {
      for (void*& block : blocks) REQUIRE(dio_memory_allocate(context, 100000, &block) == DIO_STATUS_OK);
      CHECK(context.stats().allocated_bytes == 500000);
      for (void* block : blocks) CHECK(dio_memory_free(context, block) == DIO_STATUS_OK);
      CHECK(context.stats().allocated_bytes == 0);
      CHECK(context.stats().reserved_bytes == context.stats().peak_bytes);
    }
    CHECK(fails_with(dio_memory_free(context, blocks[0]), DIO_STATUS_INVALID_ARGUMENT,
                     "has been freed already"));
    CHECK(dio_context_trim(context) == DIO_STATUS_OK);
    CHECK(context.stats().reserved_bytes == 0);
    int64_t available = 0, total = 0;
    CHECK(dio_context_device_memory(context, &available, &total) == DIO_STATUS_OK);
    CHECK((0 < available && available <= total));
  }
}

TEST_CASE("device: a device without memory says so, and what waits is given back first") {
  Owned context("simt");
  setenv("DIORAMA_SIMT_MEMORY", "64000000", 1);
  void *big = nullptr, *bigger = nullptr;
  CHECK(dio_memory_allocate(context, 40000000, &big) == DIO_STATUS_OK);
  CHECK(fails_with(dio_memory_allocate(context, 50000000, &bigger), DIO_STATUS_OUT_OF_MEMORY,
                   " of its 64000000 bytes of memory left, but 50000000 more are needed"));
  CHECK(dio_memory_free(context, big) == DIO_STATUS_OK);
  CHECK(dio_memory_allocate(context, 50000000, &bigger) == DIO_STATUS_OK);
  CHECK(dio_memory_free(context, bigger) == DIO_STATUS_OK);
  unsetenv("DIORAMA_SIMT_MEMORY");
}

TEST_CASE("device: a graph runs what was recorded on what its tensors hold then") {
  for (const std::string& name : devices()) {
    INFO(name);
    Owned context(name);
    dio_tensor x = context.floats({1, 2, -3}), out = context.floats({0, 0, 0});
    dio_graph* graph = nullptr;
    REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
    void* between = nullptr;  // an intermediate result, given back while recording
    REQUIRE(dio_memory_allocate(context, 12, &between) == DIO_STATUS_OK);
    dio_tensor middle = x;
    middle.data = between;
    CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &middle) == DIO_STATUS_OK);
    CHECK(dio_activate(context, &middle, DIO_ACTIVATION_SILU, &out) == DIO_STATUS_OK);
    CHECK(dio_memory_free(context, between) == DIO_STATUS_OK);
    REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
    CHECK(context.get(out) == std::vector<float>{0, 0, 0});  // recorded, not run

    // What is allocated from now on does not lie where the graph works.
    dio_tensor later = context.floats({7, 7, 7});
    CHECK(later.data != between);
    for (const float first : {1.f, -0.5f, 4.f}) {
      context.put(x.data, {first, 2, -3});
      REQUIRE(dio_graph_launch(context, graph) == DIO_STATUS_OK);
      const auto got = context.get(out);
      CHECK(got[0] == doctest::Approx(silu(silu(first))));
      CHECK(got[2] == doctest::Approx(silu(silu(-3))));
    }
    CHECK(context.get(later) == std::vector<float>{7, 7, 7});

    Owned other(name);
    CHECK(fails_with(dio_graph_launch(other, graph), DIO_STATUS_INVALID_ARGUMENT,
                     "recorded by another context"));
    CHECK(dio_graph_destroy(graph) == DIO_STATUS_OK);
    CHECK(dio_memory_free(context, out.data) == DIO_STATUS_OK);
  }
}

TEST_CASE("device: a graph's memory goes with it") {
  for (const std::string& name : devices()) {
    Owned context(name);
    dio_tensor x = context.floats(std::vector<float>(1000, 1));
    const int64_t before = context.stats().reserved_bytes;
    for (int round = 0; round < 3; ++round) {
      dio_graph* graph = nullptr;
      REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
      void* between = nullptr;
      REQUIRE(dio_memory_allocate(context, 4000, &between) == DIO_STATUS_OK);
      dio_tensor middle = x;
      middle.data = between;
      CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &middle) == DIO_STATUS_OK);
      REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
      CHECK(context.stats().reserved_bytes > before);
      CHECK(dio_graph_destroy(graph) == DIO_STATUS_OK);
      CHECK(dio_memory_free(context, between) == DIO_STATUS_OK);  // results may outlive their graph
    }
    CHECK(dio_context_trim(context) == DIO_STATUS_OK);
  }
}

TEST_CASE("device: what cannot be recorded is refused, and the recording goes on") {
  for (const std::string& name : devices()) {
    Owned context(name);
    dio_tensor x = context.floats({1, 2}), out = context.floats({0, 0});
    float host[2] = {};
    dio_graph* graph = nullptr;
    CHECK(fails_with(dio_graph_end(context, &graph), DIO_STATUS_INVALID_ARGUMENT, "call graph_begin first"));
    REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
    CHECK(fails_with(dio_graph_begin(context), DIO_STATUS_INVALID_ARGUMENT, "cannot be part of a graph"));
    CHECK(fails_with(dio_memory_copy(context, host, x.data, 8, DIO_COPY_DEVICE_TO_HOST),
                     DIO_STATUS_INVALID_ARGUMENT, "cannot be part of a graph"));
    CHECK(fails_with(dio_context_synchronize(context), DIO_STATUS_INVALID_ARGUMENT,
                     "cannot be part of a graph"));
    CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &out) == DIO_STATUS_OK);
    REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
    CHECK(dio_graph_launch(context, graph) == DIO_STATUS_OK);
    CHECK(context.get(out)[1] == doctest::Approx(silu(2)));
  }  // the context goes first, then nothing of the graph
}

TEST_CASE("device: a graph may be destroyed after its context") {
  dio_graph* graph = nullptr;
  {
    Owned context("simt");
    dio_tensor x = context.floats({1});
    REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
    CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &x) == DIO_STATUS_OK);
    REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
  }
  CHECK(dio_graph_destroy(graph) == DIO_STATUS_OK);
}

TEST_CASE("device: a context may be destroyed while it records") {
  for (const std::string& name : devices()) {
    Owned context(name);
    dio_tensor x = context.floats({1});
    REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
    CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &x) == DIO_STATUS_OK);
  }
}

TEST_CASE("device: graphs and streams are refused on the CPU, in a sentence") {
  dio_context* cpu = shared_context(kHost);
  CHECK(fails_with(dio_graph_begin(cpu), DIO_STATUS_UNSUPPORTED, "graphs exist on the backend cuda alone"));
  CHECK(fails_with(dio_context_use_stream(cpu, nullptr), DIO_STATUS_UNSUPPORTED,
                   "streams exist on the backend cuda alone"));
  int64_t available = 0, total = 0;
  CHECK(dio_context_device_memory(cpu, &available, &total) == DIO_STATUS_OK);
  CHECK((0 < available && available <= total));
}

TEST_CASE("device: another context's stream may be used, and one's own again") {
  for (const std::string& name : devices()) {
    Owned owner(name), guest(name);
    void *theirs = nullptr, *mine = nullptr, *now = nullptr;
    CHECK(dio_context_stream(owner, &theirs) == DIO_STATUS_OK);
    CHECK(dio_context_stream(guest, &mine) == DIO_STATUS_OK);
    CHECK(dio_context_use_stream(guest, theirs) == DIO_STATUS_OK);
    CHECK(dio_context_stream(guest, &now) == DIO_STATUS_OK);
    CHECK(now == theirs);
    dio_tensor x = guest.floats({3});
    CHECK(dio_activate(guest, &x, DIO_ACTIVATION_SILU, &x) == DIO_STATUS_OK);
    CHECK(guest.get(x)[0] == doctest::Approx(silu(3)));
    CHECK(dio_context_use_stream(guest, nullptr) == DIO_STATUS_OK);
    CHECK(dio_context_stream(guest, &now) == DIO_STATUS_OK);
    CHECK(now == mine);
  }
}

TEST_CASE("device: contexts work side by side") {
  for (const std::string& name : devices()) {
    std::vector<std::thread> threads;
    std::vector<float> results(4);
    for (std::size_t t = 0; t < results.size(); ++t) {
      threads.emplace_back([&, t] {
        dio_context* context = nullptr;
        if (dio_context_create(name.c_str(), 1, &context) != DIO_STATUS_OK) return;
        float value = static_cast<float>(t);
        void* memory = nullptr;
        dio_memory_allocate(context, 4, &memory);
        for (int round = 0; round < 20; ++round) {
          dio_memory_copy(context, memory, &value, 4, DIO_COPY_HOST_TO_DEVICE);
          const dio_tensor x = {memory, DIO_F32, 1, {1}, {1}};
          dio_tensor out = x;
          dio_activate(context, &x, DIO_ACTIVATION_SILU, &out);
          dio_memory_copy(context, &results[t], memory, 4, DIO_COPY_DEVICE_TO_HOST);
        }
        dio_context_destroy(context);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < results.size(); ++t) {
      CHECK(results[t] == doctest::Approx(silu(static_cast<float>(t))));
    }
  }
}

TEST_CASE("device: what a kernel does wrong comes back as a sentence, and the context goes on") {
  Owned context("simt");
  dio_tensor x = context.floats(std::vector<float>(16, 1)), longer = x;
  longer.shape[0] = 40;
  CHECK(fails_with(dio_activate(context, &longer, DIO_ACTIVATION_SILU, &longer), DIO_STATUS_INTERNAL,
                   "beyond the end of a block of 64 bytes"));
  CHECK(dio_activate(context, &x, DIO_ACTIVATION_SILU, &x) == DIO_STATUS_OK);
}
