#include <algorithm>
#include <cstring>

#include "api.h"
#include "backends.h"

#ifndef DIORAMA_VERSION
#define DIORAMA_VERSION "0.1.0"
#endif

namespace diorama {
namespace {

// A plain array: no destructor runs when a thread of the JVM ends.
thread_local char last_error[1024] = "";

constexpr uint32_t bit(dio_dtype dtype) { return 1u << dtype; }
constexpr uint32_t kFloats = bit(DIO_F32) | bit(DIO_F16) | bit(DIO_BF16);
constexpr uint32_t kAny = kFloats | bit(DIO_I32) | bit(DIO_U8);

// An operation's name, whether a table has it, and the dtypes of its main input that every backend takes.
struct Support {
  const char* operation;
  bool (*present)(const Operations&);
  uint32_t dtypes;
};

#define DIORAMA_SUPPORT(name, dtypes)                                    \
  {                                                                      \
#name, [](const Operations& o) { return o.name != nullptr; }, dtypes \
  }
constexpr Support kSupport[] = {
    DIORAMA_SUPPORT(attention, kFloats),
    DIORAMA_SUPPORT(linear, kFloats),
    DIORAMA_SUPPORT(layer_norm, kFloats),
    DIORAMA_SUPPORT(rms_norm, kFloats),
    DIORAMA_SUPPORT(qk_norm_rope, kFloats),
    DIORAMA_SUPPORT(gated_residual, kFloats),
    DIORAMA_SUPPORT(gated_residual_norm, kFloats),
    DIORAMA_SUPPORT(combine, bit(DIO_F32)),
    DIORAMA_SUPPORT(timestep_embedding, bit(DIO_F32)),
    DIORAMA_SUPPORT(activate, kFloats),
    DIORAMA_SUPPORT(randn, bit(DIO_F32)),
    DIORAMA_SUPPORT(conv3d, kFloats),
    DIORAMA_SUPPORT(carry_update, kFloats),
    DIORAMA_SUPPORT(channel_norm, kFloats),
    DIORAMA_SUPPORT(channel_affine, kFloats),
    DIORAMA_SUPPORT(avg_down, kFloats),
    DIORAMA_SUPPORT(dup_up, kFloats),
    DIORAMA_SUPPORT(patchify, kFloats),
    DIORAMA_SUPPORT(unpatchify, kFloats),
    DIORAMA_SUPPORT(to_rgb8, kFloats),
    DIORAMA_SUPPORT(copy, kAny),
    DIORAMA_SUPPORT(embedding, kFloats),
    DIORAMA_SUPPORT(t5_relative_bias, kFloats),
    DIORAMA_SUPPORT(splat_project, bit(DIO_F32) | bit(DIO_F16)),
    DIORAMA_SUPPORT(splat_render, bit(DIO_F32) | bit(DIO_F16)),
    DIORAMA_SUPPORT(splat_backward, bit(DIO_F32)),
    DIORAMA_SUPPORT(splat_loss, bit(DIO_F32)),
    DIORAMA_SUPPORT(adam, bit(DIO_F32)),
    DIORAMA_SUPPORT(splat_relocate, bit(DIO_F32)),
    DIORAMA_SUPPORT(splat_perturb, bit(DIO_F32)),
    DIORAMA_SUPPORT(splat_noise, bit(DIO_F32)),
};
#undef DIORAMA_SUPPORT

const Support& find_support(const char* operation) {
  for (const Support& support : kSupport) {
    if (std::strcmp(support.operation, operation) == 0) return support;
  }
  std::string names;
  for (const Support& support : kSupport) names += std::string(names.empty() ? "" : ", ") + support.operation;
  throw Error(DIO_STATUS_INVALID_ARGUMENT,
              std::string("backend_supports: there is no operation ") + operation + "; there are " + names);
}

const Backend& find_backend(const std::string& name) {
  for (int i = 0; i < backend_count(); ++i) {
    if (backend(i).name == name) return backend(i);
  }
  throw Error(DIO_STATUS_INVALID_ARGUMENT, "backend_supports: there is no backend " + name +
                                               "; there are reference, plain, cpu, simt and cuda");
}

}  // namespace

dio_status remember(dio_status status, const char* message) noexcept {
  std::size_t length = std::min(std::strlen(message), sizeof(last_error) - 1);
  // Never in the middle of a UTF-8 character.
  while (length > 0 && (message[length] & 0xC0) == 0x80) --length;
  std::memcpy(last_error, message, length);
  last_error[length] = '\0';
  return status;
}

}  // namespace diorama

using namespace diorama;

uint32_t dio_abi_version(void) { return DIO_ABI_VERSION; }

const char* dio_version(void) { return DIORAMA_VERSION; }

const char* dio_last_error(void) { return last_error; }

int32_t dio_backend_count(void) {
  int32_t count = 0;
  guarded([&] { count = backend_count(); });
  return count;
}

dio_status dio_backend_describe(int32_t index, dio_backend_info* info) {
  return guarded([&] {
    const Check check("backend_describe");
    check.pointer("info", info);
    check.between("index", index, 0, backend_count() - 1);
    const Backend& row = backend(index);
    *info = {row.name.c_str(), row.reason.empty() ? 1 : 0, row.device_count, row.description.c_str(),
             row.reason.c_str()};
  });
}

dio_status dio_backend_supports(const char* backend, const char* operation, int32_t dtype,
                                int32_t* supported) {
  return guarded([&] {
    const Check check("backend_supports");
    check.pointer("backend", backend);
    check.pointer("operation", operation);
    check.pointer("supported", supported);
    check.between("dtype", dtype, DIO_F32, DIO_U8);
    const Support& support = find_support(operation);
    const Operations* operations = find_backend(backend).operations;
    *supported = operations && support.present(*operations) && (support.dtypes >> dtype & 1) ? 1 : 0;
  });
}
