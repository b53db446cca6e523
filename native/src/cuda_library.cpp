#include "cuda_library.h"

#include <dlfcn.h>

namespace diorama {
namespace {

constexpr const char* kLibrary = "libdiorama_cuda.so";
constexpr const char* kDriver = "libcuda.so.1";

std::string own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&dio_abi_version), &info) == 0 || info.dli_fname == nullptr)
    return "";
  const std::string path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

void* open_library() {
  const std::string folder = own_folder();
  if (!folder.empty()) {
    if (void* library = dlopen((folder + kLibrary).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
}

bool driver_is_present() {
  void* driver = dlopen(kDriver, RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return false;
  dlclose(driver);
  return true;
}

const CudaBackend* load(std::string* reason) {
  void* library = open_library();
  if (library == nullptr) {
    *reason = driver_is_present() ? std::string(kLibrary) +
                                        " is not installed; add the native package for CUDA (classifier "
                                        "linux-x86_64-cuda) next to libdiorama.so"
                                  : std::string("there is no NVIDIA driver (") + kDriver +
                                        ") on this machine; install one, and the native package for CUDA";
    return nullptr;
  }
  const auto version = reinterpret_cast<uint32_t (*)()>(dlsym(library, "dio_cuda_abi_version"));
  const uint32_t found = version ? version() : 0;
  if (found != DIO_ABI_VERSION) {
    *reason = std::string(kLibrary) + " has ABI version " + std::to_string(found) +
              ", but libdiorama.so needs " + std::to_string(DIO_ABI_VERSION) +
              "; use native packages of one version";
    return nullptr;
  }
  if (!driver_is_present()) {
    *reason =
        std::string(kLibrary) + " is installed, but the NVIDIA driver (" + kDriver + ") is not; install one";
    return nullptr;
  }
  const auto entry = reinterpret_cast<const CudaBackend* (*)()>(dlsym(library, "dio_cuda_backend"));
  const CudaBackend* backend = entry ? entry() : nullptr;
  if (backend == nullptr) {
    *reason = std::string(kLibrary) + " does not offer a backend; use native packages of one version";
    return nullptr;
  }
  if (backend->reason[0] != '\0') {
    *reason = backend->reason;
    return nullptr;
  }
  return backend;
}

}  // namespace

const CudaBackend* cuda_backend(std::string* reason) {
  static std::string why;
  static const CudaBackend* const backend = load(&why);
  *reason = why;
  return backend;
}

}  // namespace diorama
