// The C ABI's door: handles, memory, backends, and the sentence behind every refused argument.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api.h"
#include "overlap.h"
#include "test_tensor.h"

using namespace diorama::test;

namespace {

struct Cpu {
  dio_context* context = nullptr;
  Cpu() { REQUIRE(dio_context_create("cpu", 2, &context) == DIO_STATUS_OK); }
  ~Cpu() { CHECK(dio_context_destroy(context) == DIO_STATUS_OK); }
  operator dio_context*() const { return context; }
};

// The call must be refused with exactly this sentence.
void refuse(dio_status status, const std::string& sentence,
            dio_status expected = DIO_STATUS_INVALID_ARGUMENT) {
  CHECK(status == expected);
  CHECK(std::string(dio_last_error()) == sentence);
}

TestTensor f32(std::vector<int64_t> shape) { return TestTensor(DIO_F32, std::move(shape)).filled(1); }
TestTensor i32(std::vector<double> values) {
  const auto count = static_cast<int64_t>(values.size());
  return TestTensor(DIO_I32, {count}).values(values);
}

dio_tensor with(const dio_tensor& tensor, int axis, int64_t size, int64_t stride) {
  dio_tensor changed = tensor;
  changed.shape[axis] = size;
  changed.strides[axis] = stride;
  return changed;
}

}  // namespace

TEST_CASE("the library knows its version and its backends") {
  CHECK(dio_abi_version() == DIO_ABI_VERSION);
  CHECK(std::string(dio_version()).find('.') != std::string::npos);
  std::set<std::string> names;
  for (int i = 0; i < dio_backend_count(); ++i) {
    dio_backend_info info;
    REQUIRE(dio_backend_describe(i, &info) == DIO_STATUS_OK);
    names.insert(info.name);
    CHECK((info.available != 0) == (info.reason[0] == '\0'));
    CHECK((info.available != 0) == (info.device_count > 0));
  }
  CHECK(names == std::set<std::string>{"reference", "plain", "cpu", "simt", "cuda"});
  dio_backend_info info;
  refuse(dio_backend_describe(5, &info), "backend_describe: index is 5, expected 0 to 4");
  refuse(dio_backend_describe(0, nullptr), "backend_describe: info is null, but it is required");
}

TEST_CASE("support is told for each operation and dtype") {
  int32_t supported = -1;
  CHECK(dio_backend_supports("cpu", "activate", DIO_BF16, &supported) == DIO_STATUS_OK);
  CHECK(supported == 1);
  CHECK(dio_backend_supports("reference", "combine", DIO_F16, &supported) == DIO_STATUS_OK);
  CHECK(supported == 0);
  CHECK(dio_backend_supports("cpu", "flight", DIO_F32, &supported) == DIO_STATUS_INVALID_ARGUMENT);
  CHECK(std::string(dio_last_error()).find("there is no operation flight") != std::string::npos);
  refuse(dio_backend_supports("gpu", "copy", DIO_F32, &supported),
         "backend_supports: there is no backend gpu; there are reference, plain, cpu, simt and cuda");
}

TEST_CASE("contexts are refused with the names that exist") {
  dio_context* context = nullptr;
  refuse(dio_context_create("gpu", 1, &context),
         "backend gpu does not exist; there are auto, reference, plain, cpu, simt, cuda and cuda:1, cuda:2, "
         "...");
  refuse(dio_context_create("cpu", -1, &context),
         "threads is -1, expected 1 to 1024, or 0 for one per available core");
  refuse(dio_context_create(nullptr, 1, &context), "context_create: backend is null, but it is required");
  refuse(dio_context_synchronize(nullptr), "context_synchronize: context is null, but it is required");
  CHECK(dio_context_destroy(nullptr) == DIO_STATUS_OK);
  CHECK(dio_context_create("auto", 0, &context) == DIO_STATUS_OK);
  CHECK(dio_context_destroy(context) == DIO_STATUS_OK);
}

TEST_CASE("an absent cuda says in one sentence what is missing") {
  dio_backend_info info;
  REQUIRE(dio_backend_describe(dio_backend_count() - 1, &info) == DIO_STATUS_OK);
  REQUIRE(std::string(info.name) == "cuda");
  if (info.available) return;
  dio_context* context = nullptr;
  refuse(dio_context_create("cuda", 1, &context),
         std::string("backend cuda is not available: ") + info.reason, DIO_STATUS_UNAVAILABLE);
  CHECK(context == nullptr);
}

TEST_CASE("a context in use by another thread is busy") {
  Cpu cpu;
  cpu.context->busy = true;
  dio_memory_stats stats;
  refuse(dio_context_memory(cpu, &stats),
         "context_memory: another thread is using this context; give each thread its own", DIO_STATUS_BUSY);
  refuse(dio_context_destroy(cpu),
         "context_destroy: another thread is using this context; let it finish first", DIO_STATUS_BUSY);
  cpu.context->busy = false;
}

TEST_CASE("the last error belongs to its thread") {
  refuse(dio_context_trim(nullptr), "context_trim: context is null, but it is required");
  std::thread([] { CHECK(std::string(dio_last_error()).empty()); }).join();
  CHECK(std::string(dio_last_error()) == "context_trim: context is null, but it is required");
}

TEST_CASE("memory is aligned, counted, copied and freed once") {
  Cpu cpu;
  void* memory = nullptr;
  refuse(dio_memory_allocate(cpu, 0, &memory), "memory_allocate: bytes is 0, expected at least 1");
  CHECK(dio_memory_allocate(cpu, size_t{1} << 60, &memory) == DIO_STATUS_OUT_OF_MEMORY);
  REQUIRE(dio_memory_allocate(cpu, 1000, &memory) == DIO_STATUS_OK);
  CHECK(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
  dio_memory_stats stats;
  CHECK(dio_context_memory(cpu, &stats) == DIO_STATUS_OK);
  CHECK(stats.allocated_bytes == 1000);
  CHECK(stats.reserved_bytes >= 1000);
  const char text[] = "abc";
  char back[4] = "";
  CHECK(dio_memory_copy(cpu, memory, text, 4, DIO_COPY_HOST_TO_DEVICE) == DIO_STATUS_OK);
  CHECK(dio_memory_copy(cpu, back, memory, 4, DIO_COPY_DEVICE_TO_HOST) == DIO_STATUS_OK);
  CHECK(std::string(back) == "abc");
  CHECK(dio_memory_free(cpu, memory) == DIO_STATUS_OK);
  const std::string twice =
      "memory_free: memory was not allocated from this context, or has been freed already";
  refuse(dio_memory_free(cpu, memory), twice);
  refuse(dio_memory_free(cpu, back), twice);
  CHECK(dio_context_trim(cpu) == DIO_STATUS_OK);
  CHECK(dio_context_memory(cpu, &stats) == DIO_STATUS_OK);
  CHECK(stats.allocated_bytes == 0);
  CHECK(stats.reserved_bytes == 0);
  CHECK(stats.peak_bytes >= 1000);
}

TEST_CASE("a context tells what it works with, and takes its settings") {
  Cpu cpu;
  const char* description = nullptr;
  CHECK(dio_context_description(cpu, &description) == DIO_STATUS_OK);
  CHECK(std::string(description) == "cpu");
  refuse(dio_context_description(cpu, nullptr),
         "context_description: description is null, but it is required");
  CHECK(dio_context_allow_tf32(cpu, 1) == DIO_STATUS_OK);
  refuse(dio_context_allow_tf32(cpu, -1), "context_allow_tf32: allowed is -1, expected 0 to 1");
  CHECK(dio_context_allow_cublas(cpu, 0) == DIO_STATUS_OK);
  refuse(dio_context_allow_cublas(cpu, 2), "context_allow_cublas: allowed is 2, expected 0 to 1");
}

TEST_CASE("descriptors that lie are refused") {
  Cpu cpu;
  auto x = f32({4, 8});
  auto out = f32({4, 8});
  const auto activate = [&](const dio_tensor& wrong) {
    return dio_activate(cpu, &wrong, DIO_ACTIVATION_SILU, out);
  };
  dio_tensor t = *x.get();
  t.rank = 9;
  refuse(activate(t), "activate: x has rank 9, expected 1 to 8");
  t = *x.get();
  t.dtype = 7;
  refuse(activate(t), "activate: x has dtype 7, expected 0 (f32), 1 (f16), 2 (bf16), 3 (i32) or 4 (u8)");
  refuse(activate(with(*x.get(), 0, 0, 8)), "activate: x has shape [0, 8], expected sizes of at least 1");
  refuse(activate(with(*x.get(), 0, int64_t{1} << 62, 8)),
         "activate: x has shape [4611686018427387904, 8], which is more than 2^46 bytes");
  refuse(activate(with(*x.get(), 0, 4, INT64_MIN)),
         "activate: x has strides [-9223372036854775808, 1], which reach further than 2^46 bytes");
  t = *x.get();
  t.data = nullptr;
  refuse(activate(t), "activate: x has no data (a null pointer)");
  t.data = static_cast<char*>((*x.get()).data) + 2;
  refuse(activate(t), "activate: x has data that is not aligned to its element size, 4 bytes");
  refuse(dio_activate(cpu, nullptr, DIO_ACTIVATION_SILU, out), "activate: x is null, but it is required");
  refuse(dio_activate(cpu, x, static_cast<dio_activation_kind>(9), out),
         "activate: activation is 9, expected 0 (none), 1 (gelu_tanh), 2 (gelu_erf), 3 (silu) or 4 "
         "(quick_gelu)");
  dio_tensor same = with(*out.get(), 0, 4, 0);
  refuse(
      dio_activate(cpu, x, DIO_ACTIVATION_SILU, &same),
      "activate: out has strides [0, 1], expected positive ones that give every element a place of its own");
}

TEST_CASE("in place is the very same view or nothing") {
  Cpu cpu;
  auto x = f32({4, 8});
  CHECK(dio_activate(cpu, x, DIO_ACTIVATION_SILU, x) == DIO_STATUS_OK);
  dio_tensor left = with(*x.get(), 1, 4, 1);
  dio_tensor right = left;
  right.data = static_cast<float*>(left.data) + 4;
  CHECK(dio_activate(cpu, &left, DIO_ACTIVATION_SILU, &right) == DIO_STATUS_OK);
  right.data = static_cast<float*>(left.data) + 3;
  refuse(dio_activate(cpu, &left, DIO_ACTIVATION_SILU, &right),
         "activate: out overlaps x in part, expected the very same view or memory of its own");
  CHECK(dio_copy(cpu, x, x) == DIO_STATUS_INVALID_ARGUMENT);
  CHECK(std::string(dio_last_error()) == "copy: out overlaps x, expected memory of its own");
}

TEST_CASE("overlap of interleaved views is decided exactly") {
  std::vector<float> memory(256);
  const auto view = [&](int64_t start, std::vector<int64_t> shape, std::vector<int64_t> strides) {
    dio_tensor t{};
    t.data = memory.data() + start;
    t.rank = static_cast<int32_t>(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
      t.shape[i] = shape[i];
      t.strides[i] = strides[i];
    }
    return t;
  };
  using diorama::may_overlap;
  CHECK_FALSE(may_overlap(view(0, {4, 8}, {32, 1}), view(8, {4, 8}, {32, 1})));
  CHECK(may_overlap(view(0, {4, 9}, {32, 1}), view(8, {4, 8}, {32, 1})));
  CHECK_FALSE(may_overlap(view(0, {16}, {2}), view(1, {16}, {2})));
  CHECK(may_overlap(view(0, {16}, {2}), view(2, {16}, {2})));
  CHECK_FALSE(may_overlap(view(0, {4, 2, 4}, {32, 16, 1}), view(4, {4, 2, 12}, {32, 16, 1})));
  CHECK_FALSE(may_overlap(view(0, {16}, {1}), view(16, {16}, {1})));
  CHECK(may_overlap(view(31, {32}, {-1}), view(0, {2}, {1})));
  CHECK_FALSE(diorama::is_writable_layout(view(0, {4, 4}, {2, 1})));
  CHECK_FALSE(diorama::is_writable_layout(view(0, {4, 4}, {1, 1})));
  CHECK(diorama::is_writable_layout(view(0, {4, 4}, {1, 4})));
}

TEST_CASE("attention's arguments") {
  Cpu cpu;
  auto q = f32({2, 5, 3, 8}), k = f32({2, 7, 3, 8}), v = f32({2, 7, 3, 8}), out = f32({2, 5, 3, 8});
  const auto call = [&](dio_tensor* keys, dio_tensor* values, dio_tensor* bias, dio_tensor* lengths,
                        float scale) {
    return dio_attention(cpu, q, keys, values, bias, lengths, scale, out);
  };
  refuse(call(f32({2, 7, 3, 4}), v, nullptr, nullptr, 0),
         "attention: k has shape [2, 7, 3, 4], expected [B=2, Sk=7, H=3, D=8]");
  refuse(call(k, f32({2, 6, 3, 8}), nullptr, nullptr, 0),
         "attention: v has shape [2, 6, 3, 8], expected [B=2, Sk=7, H=3, D=8]");
  refuse(call(TestTensor(DIO_BF16, {2, 7, 3, 8}), v, nullptr, nullptr, 0),
         "attention: k has dtype bf16, expected f32, the dtype of q");
  refuse(call(k, v, f32({3, 1, 5, 7}), nullptr, 0),
         "attention: bias has shape [3, 1, 5, 7], expected [1 or B=2, 1 or H=3, Sq=5, Sk=7]");
  refuse(call(k, v, nullptr, i32({3, 8}), 0), "attention: key_lengths has the value 8 at 1, expected 1 to 7");
  refuse(call(k, v, nullptr, nullptr, NAN), "attention: scale is nan, expected a finite number");
  refuse(dio_attention(cpu, q, k, v, nullptr, nullptr, 0, q),
         "attention: out overlaps q, expected memory of its own");
}

TEST_CASE("linear's and the norms' arguments") {
  Cpu cpu;
  auto x = f32({6, 4}), w = f32({5, 4}), out = f32({6, 5}), gate = f32({4, 5}), scale = f32({4, 4});
  const auto none = DIO_ACTIVATION_NONE;
  refuse(dio_linear(cpu, x, f32({5, 3}), nullptr, none, nullptr, nullptr, nullptr, out),
         "linear: w has shape [5, 3], expected [N=5, K=4]");
  refuse(dio_linear(cpu, x, w, f32({4}), none, nullptr, nullptr, nullptr, out),
         "linear: bias has shape [4], expected [N=5]");
  refuse(dio_linear(cpu, x, w, nullptr, none, gate, nullptr, nullptr, out),
         "linear: gate has 4 rows, which do not divide the 6 rows of x; give an index");
  refuse(dio_linear(cpu, x, w, nullptr, none, gate, i32({0, 1, 2, 3, 4, 0}), nullptr, out),
         "linear: index has the value 4 at 4, expected 0 to 3");
  refuse(dio_linear(cpu, x, w, nullptr, none, nullptr, i32({0, 0, 0, 0, 0, 0}), nullptr, out),
         "linear: index is given, but there is nothing that it could choose rows of");
  refuse(dio_linear(cpu, TestTensor(DIO_I32, {6, 4}), w, nullptr, none, nullptr, nullptr, nullptr, out),
         "linear: x has dtype i32, expected f32, bf16 or f16");
  refuse(dio_layer_norm(cpu, x, nullptr, nullptr, scale, nullptr, nullptr, 1e-6f, x),
         "layer_norm: scale has 4 rows, which do not divide the 6 rows of x; give an index");
  refuse(dio_layer_norm(cpu, x, nullptr, nullptr, nullptr, nullptr, nullptr, -1, x),
         "layer_norm: eps is -1, expected a finite number of at least 0");
  auto transposed = TestTensor(DIO_F32, {6, 4}, {.order = {1, 0}}).filled(1);
  refuse(dio_rms_norm(cpu, transposed, nullptr, nullptr, nullptr, nullptr, 0, x),
         "rms_norm: x has strides [1, 6], expected an innermost stride of 1");
  auto heads = f32({1, 3, 2, 5}), angles = f32({3, 2});
  refuse(dio_qk_norm_rope(cpu, heads, nullptr, 0, angles, angles, heads),
         "qk_norm_rope: x has head size 5, expected an even one with cosine and sine");
  refuse(dio_qk_norm_rope(cpu, heads, nullptr, 0, angles, nullptr, heads),
         "qk_norm_rope: cosine and sine must be given both or not at all");
}

TEST_CASE("the steps' arguments") {
  Cpu cpu;
  auto a = f32({3}), b = f32({3}), wide = f32({4});
  const dio_tensor* inputs[] = {a, wide};
  dio_tensor* outputs[] = {b, b};
  const double coefficients[] = {1, INFINITY, 1, 1};
  refuse(dio_combine(cpu, 9, inputs, 1, outputs, coefficients), "combine: input_count is 9, expected 1 to 8");
  refuse(dio_combine(cpu, 2, inputs, 1, outputs, coefficients),
         "combine: a coefficient is inf, expected a finite number");
  refuse(dio_combine(cpu, 2, inputs, 1, outputs, coefficients + 2),
         "combine: inputs[1] has shape [4], expected [3], the shape of outputs[0]");
  refuse(dio_combine(cpu, 1, inputs, 2, outputs, coefficients + 2),
         "combine: outputs[1] overlaps outputs[0], expected memory of its own");
  refuse(dio_timestep_embedding(cpu, a, 1, 10000, f32({3, 5})),
         "timestep_embedding: out has an odd innermost size, 5, expected an even one");
  refuse(dio_randn(cpu, nullptr, a), "randn: generator is null, but it is required");
  dio_generator* generator = nullptr;
  REQUIRE(dio_generator_create(1, &generator) == DIO_STATUS_OK);
  generator->busy = true;
  refuse(dio_randn(cpu, generator, a),
         "randn: another thread is using this generator; give each thread its own", DIO_STATUS_BUSY);
  generator->busy = false;
  CHECK(dio_randn(cpu, generator, a) == DIO_STATUS_OK);
  CHECK(dio_generator_destroy(generator) == DIO_STATUS_OK);
}

TEST_CASE("the codec's arguments") {
  Cpu cpu;
  auto x = f32({1, 2, 6, 6, 4}), w = f32({8, 3, 3, 3, 4});
  dio_conv3d_params p{1, 1, 1, 2, 1, 1, 1, 1, DIO_PADDING_ZERO, 1};
  refuse(dio_conv3d(cpu, x, nullptr, w, nullptr, nullptr, &p, f32({1, 2, 6, 6, 7})),
         "conv3d: out has shape [1, 2, 6, 6, 7], expected [B=1, To=2, Ho=6, Wo=6, Cout=8]");
  refuse(dio_conv3d(cpu, x, nullptr, w, nullptr, nullptr, nullptr, x),
         "conv3d: params is null, but it is required");
  p.frames_before = 0;
  refuse(dio_conv3d(cpu, x, nullptr, w, nullptr, nullptr, &p, x),
         "conv3d: w is larger than the padded x in time");
  p.upsample = 3;
  refuse(dio_conv3d(cpu, x, nullptr, w, nullptr, nullptr, &p, x), "conv3d: upsample is 3, expected 1 to 2");
  refuse(dio_carry_update(cpu, x, f32({1, 2, 6, 5, 4})),
         "carry_update: carry has shape [1, 2, 6, 5, 4], expected [B=1, P=2, H=6, W=6, C=4]");
  refuse(dio_channel_affine(cpu, x, f32({3}), f32({4}), 0, 1, x),
         "channel_affine: scale has shape [3], expected [1 or C=4]");
  refuse(dio_avg_down(cpu, x, 2, 4, f32({1, 1, 1, 1, 4})),
         "avg_down: x has shape [1, 2, 6, 6, 4], whose height and width factor_s 4 does not divide");
  refuse(dio_dup_up(cpu, x, 2, 2, 4, x), "dup_up: skip_frames is 4, expected 0 to 3");
  refuse(dio_patchify(cpu, x, 1, 4, 2, 0, f32({1, 9, 32})),
         "patchify: x has shape [1, 2, 6, 6, 4], which patches of 1 x 4 x 2 do not divide");
  refuse(dio_unpatchify(cpu, f32({1, 9, 32}), 1, 2, 2, 0, x),
         "unpatchify: x has shape [1, 9, 32], expected [B=1, tokens=18, features=16]");
  refuse(dio_to_rgb8(cpu, x, TestTensor(DIO_U8, {1, 2, 6, 6, 4})),
         "to_rgb8: x has shape [1, 2, 6, 6, 4], expected an innermost size of [3]");
  refuse(dio_copy(cpu, x, TestTensor(DIO_I32, {1, 2, 6, 6, 4})),
         "copy: out has dtype i32, expected f32, bf16 or f16");
}

TEST_CASE("the text operations' arguments") {
  Cpu cpu;
  auto table = f32({4, 2}), out = f32({2, 2});
  refuse(dio_embedding(cpu, table, i32({3, 4}), out), "embedding: ids has the value 4 at 1, expected 0 to 3");
  refuse(dio_embedding(cpu, table, i32({-1, 0}), out),
         "embedding: ids has the value -1 at 0, expected 0 to 3");
  refuse(dio_t5_relative_bias(cpu, table, 128, f32({2, 4})),
         "t5_relative_bias: out has an even innermost size, 4, expected 2 * S - 1");
  refuse(dio_t5_relative_bias(cpu, f32({5, 2}), 128, f32({2, 5})),
         "t5_relative_bias: table has 5 buckets, expected an even number from 4 on");
}

#ifdef __SANITIZE_ADDRESS__
constexpr double kSlowestProcessor = 1e6;  // each chain of sums goes through checked memory
#else
constexpr double kSlowestProcessor = 1e8;
#endif

TEST_CASE("the machine is measured") {
  Cpu cpu;
  double rate = 0;
  CHECK(dio_measure_flops(cpu, 0.01, &rate) == DIO_STATUS_OK);
  CHECK(rate > kSlowestProcessor);
  refuse(dio_measure_flops(cpu, -1, &rate),
         "measure_flops: seconds is -1.000000, expected a number above 0, at most 60");
  refuse(dio_measure_bandwidth(cpu, 1, nullptr),
         "measure_bandwidth: bytes_per_second is null, but it is required");
}
