#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/linear/cublaslt.h"

namespace diorama::cuda {

using namespace cublaslt;

namespace {

constexpr std::size_t kMostWorkspace = std::size_t{32} << 20;  // what NVIDIA advises for Hopper
constexpr std::size_t kMostChoices = 1024;  // of a service whose shapes change all the time: then anew
constexpr uint32_t kBestAlignment = 256;

// By its name alone it is found where the system's loader looks; then where toolkits put it.
#if defined(DIORAMA_SIMT)
// The real one cannot reach the memory of simt: tests bring one that can.
constexpr const char* kNames[] = {"libcublasLt_simt.so.13", "libcublasLt_simt.so.12"};
constexpr const char* kFolders[] = {""};
#else
constexpr const char* kNames[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
constexpr const char* kFolders[] = {"",
                                    "/usr/local/cuda/lib64/",
                                    "/usr/local/cuda/targets/x86_64-linux/lib/",
                                    "/usr/lib/x86_64-linux-gnu/",
                                    "/usr/lib64/",
                                    "/opt/cuda/lib64/"};
#endif
constexpr int kOldestMajor = 12;

int type_of(int32_t dtype) { return dtype == DIO_F32 ? kR32F : dtype == DIO_F16 ? kR16F : kR16BF; }

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool find_all(void* library, Functions& api) {
  return find(library, "cublasLtGetVersion", api.get_version) &&
         find(library, "cublasLtCreate", api.create) && find(library, "cublasLtDestroy", api.destroy) &&
         find(library, "cublasLtMatmulDescCreate", api.desc_create) &&
         find(library, "cublasLtMatmulDescDestroy", api.desc_destroy) &&
         find(library, "cublasLtMatmulDescSetAttribute", api.desc_set) &&
         find(library, "cublasLtMatrixLayoutCreate", api.layout_create) &&
         find(library, "cublasLtMatrixLayoutDestroy", api.layout_destroy) &&
         find(library, "cublasLtMatmulPreferenceCreate", api.preference_create) &&
         find(library, "cublasLtMatmulPreferenceDestroy", api.preference_destroy) &&
         find(library, "cublasLtMatmulPreferenceSetAttribute", api.preference_set) &&
         find(library, "cublasLtMatmulAlgoGetHeuristic", api.get_heuristic) &&
         find(library, "cublasLtMatmul", api.matmul);
}

// 130002 is 13.0.2 (since 12.0: major * 10000 + minor * 100 + patch).
std::string version_text(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

// The largest power of two, up to 256, that divides every address.
uint32_t alignment_of(const CublasLtProduct& product) {
  std::uintptr_t bits = kBestAlignment;
  for (const void* pointer :
       {product.x, product.w, product.bias, product.c, static_cast<const void*>(product.out)}) {
    bits |= reinterpret_cast<std::uintptr_t>(pointer);
  }
  return static_cast<uint32_t>(bits & (~bits + 1));
}

}  // namespace

// The library's descriptors of one product. It counts in columns, so that to it w is a, transposed, x is b,
// and out [N, M].
class CublasLt::Call {
 public:
  Call(const Functions& api, const CublasLtProduct& product) : api_(api) {
    const int compute = product.tf32 ? kCompute32FFastTf32 : kCompute32F;
    const int type = type_of(product.dtype), out_type = type_of(product.out_dtype);
    const auto m = static_cast<uint64_t>(product.rows), n = static_cast<uint64_t>(product.columns),
               k = static_cast<uint64_t>(product.depth);
    const int64_t c_stride = product.c ? product.c_stride : product.out_stride;
    uint32_t epilogue = product.gelu ? kGelu : kDefault;
    if (product.bias) epilogue = product.gelu ? kGeluBias : kBias;
    good_ = api_.desc_create(&desc, compute, kR32F) == kSuccess && set(kTransA, kTranspose) &&
            set(kEpilogue, epilogue) &&
            (!product.bias || (set(kBiasPointer, product.bias) && set(kBiasDataType, out_type))) &&
            api_.layout_create(&a, type, k, n, product.w_stride) == kSuccess &&
            api_.layout_create(&b, type, k, m, product.x_stride) == kSuccess &&
            api_.layout_create(&c, out_type, n, m, c_stride) == kSuccess &&
            api_.layout_create(&d, out_type, n, m, product.out_stride) == kSuccess;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    for (const MatrixLayout layout : {a, b, c, d}) {
      if (layout) api_.layout_destroy(layout);
    }
    if (desc) api_.desc_destroy(desc);
  }
  bool good() const { return good_; }

  MatmulDesc desc = nullptr;
  MatrixLayout a = nullptr, b = nullptr, c = nullptr, d = nullptr;

 private:
  template <typename T>
  bool set(int attribute, const T& value) {
    return api_.desc_set(desc, attribute, &value, sizeof(value)) == kSuccess;
  }

  const Functions& api_;
  bool good_ = false;
};

CublasLt::CublasLt(CudaContext& context) : context_(context) {
  for (const char* name : kNames) {
    for (const char* folder : kFolders) {
      if (open((std::string(folder) + name).c_str())) return;
    }
  }
  if (description_.empty()) {
    description_ = std::string(kNames[0]) + " and " + kNames[1] + " are not installed";
  }
}

CublasLt::~CublasLt() {
  if (handle_) api_.destroy(handle_);
}

bool CublasLt::open(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  Functions api;
  if (!find_all(library, api)) {
    description_ = std::string(name) + " lacks functions of cuBLASLt";
    return false;
  }
  const std::size_t version = api.get_version();
  if (version / 10000 < kOldestMajor) {
    description_ = std::string(name) + " is cuBLASLt " + version_text(version) + ", but " +
                   std::to_string(kOldestMajor) + " or later is needed";
    return false;
  }
  Handle handle = nullptr;
  const int status = api.create(&handle);
  if (status != kSuccess || handle == nullptr) {
    description_ = std::string(name) + " does not start (status " + std::to_string(status) + ")";
    return false;
  }
  api_ = api;
  handle_ = handle;
  description_ = "cuBLASLt " + version_text(version);
  return true;
}

CublasLt::Choice CublasLt::choose(const Call& call, uint32_t alignment) {
  Choice choice;
  Preference preference = nullptr;
  if (api_.preference_create(&preference) != kSuccess) return choice;
  const auto set = [&](int attribute, const auto& value) {
    return api_.preference_set(preference, attribute, &value, sizeof(value)) == kSuccess;
  };
  const uint64_t workspace = kMostWorkspace;
  HeuristicResult result = {};
  int found = 0;
  const bool asked = set(kMaxWorkspaceBytes, workspace) && set(kReductionSchemeMask, kReductionComputeType) &&
                     set(kMinAlignmentA, alignment) && set(kMinAlignmentB, alignment) &&
                     set(kMinAlignmentC, alignment) && set(kMinAlignmentD, alignment) &&
                     api_.get_heuristic(handle_, call.desc, call.a, call.b, call.c, call.d, preference, 1,
                                        &result, &found) == kSuccess;
  api_.preference_destroy(preference);
  if (!asked || found < 1 || result.state != kSuccess || result.workspace_bytes > kMostWorkspace)
    return choice;
  return {true, result.algorithm, result.workspace_bytes};
}

bool CublasLt::multiply(const CublasLtProduct& product) {
  const uint32_t alignment = alignment_of(product);
  const int kind = (product.bias ? 1 : 0) | (product.gelu ? 2 : 0) | (product.tf32 ? 4 : 0) |
                   (product.c ? 8 : 0) | (product.c == product.out ? 16 : 0);
  const Key key = {product.rows,     product.columns,    product.depth, product.x_stride,  product.w_stride,
                   product.c_stride, product.out_stride, product.dtype, product.out_dtype, kind,
                   alignment};
  auto known = choices_.find(key);
  if (known != choices_.end() && !known->second.usable) return false;
  const Call call(api_, product);
  if (!call.good()) return false;
  if (known == choices_.end()) {
    if (choices_.size() >= kMostChoices) choices_.clear();
    known = choices_.emplace(key, choose(call, alignment)).first;
  }
  Choice& choice = known->second;
  if (!choice.usable) return false;
  const float one = 1, beta = product.c ? 1.0f : 0.0f;
  void* workspace = choice.workspace_bytes > 0 ? context_.scratch(choice.workspace_bytes) : nullptr;
  const int status = api_.matmul(handle_, call.desc, &one, product.w, call.a, product.x, call.b, &beta,
                                 product.c ? product.c : product.out, call.c, product.out, call.d,
                                 &choice.algorithm, workspace, choice.workspace_bytes, context_.stream());
  choice.usable = status == kSuccess;
  return choice.usable;
}

}  // namespace diorama::cuda
