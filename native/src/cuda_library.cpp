#include "cuda_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include "elf_file.h"
#include "error.h"

namespace diorama {
namespace {

constexpr const char* kCuda = "libdiorama_cuda.so";
constexpr const char* kSimt = "libdiorama_simt.so";
constexpr const char* kDriver = "libcuda.so.1";
constexpr const char* kRemedy = "; use native packages of one version";

std::string own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&dio_abi_version), &info) == 0 || info.dli_fname == nullptr)
    return "";
  const std::string path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// The one beside libdiorama.so, if there is one: a broken file is not replaced by another in silence.
void* open_library(const char* name, std::string* fault) {
  const std::string beside = own_folder() + name;
  const bool exists = access(beside.c_str(), F_OK) == 0;
  if (exists && is_cut_short(beside)) {
    *fault = beside + ": the end of the file is missing";
    return nullptr;
  }
  void* library = dlopen(exists ? beside.c_str() : name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) *fault = dlerror();
  return library;
}

bool driver_is_present() {
  void* driver = dlopen(kDriver, RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return false;
  dlclose(driver);
  return true;
}

std::string without_driver() {
  return std::string(kCuda) + " is installed, but the NVIDIA driver (" + kDriver + ") is not; install one";
}

// `fault` begins, as what dlerror() says does, with the name that was sought in vain or with the path of a
// file that was found.
std::string not_opened(const std::string& name, const std::string& fault) {
  const auto is_about = [&](const std::string& file) { return fault.rfind(file + ":", 0) == 0; };
  if (is_about(kDriver)) return without_driver();
  if (!is_about(name)) {
    return name + " cannot be loaded (" + fault + "); install the native package" +
           (name == kCuda ? " for CUDA" : "") + " again, of the version of libdiorama.so";
  }
  if (name == kSimt) return name + " is not installed; it lies beside libdiorama.so in the native package";
  return driver_is_present() ? name +
                                   " is not installed; add the native package for CUDA (classifier "
                                   "linux-x86_64-cuda) next to libdiorama.so"
                             : std::string("there is no NVIDIA driver (") + kDriver +
                                   ") on this machine; install one, and the native package for CUDA";
}

// Empty when the library has the layout that this one was built with.
std::string other_version(const std::string& name, void* library) {
  const auto version = reinterpret_cast<uint32_t (*)()>(dlsym(library, "dio_cuda_abi_version"));
  if (version == nullptr) return name + " does not tell its ABI version" + kRemedy;
  const uint32_t found = version();
  if (found == DIO_ABI_VERSION) return "";
  return name + " has ABI version " + std::to_string(found) + ", but libdiorama.so needs " +
         std::to_string(DIO_ABI_VERSION) + kRemedy;
}

// Empty when contexts can be made.
std::string unusable(const std::string& name, const CudaBackend* backend) {
  if (backend == nullptr) return name + " does not offer a backend" + kRemedy;
  if (backend->operations_bytes != sizeof(Operations)) {
    return name + " and libdiorama.so were built with different operations" + kRemedy;
  }
  if (backend->reason != nullptr && backend->reason[0] != '\0') return backend->reason;
  const bool complete = backend->reason && backend->description && backend->operations && backend->open &&
                        backend->device_count > 0;
  return complete ? "" : name + " offers an incomplete backend" + kRemedy;
}

void raise_for_library(int status, const char* message) { raise(static_cast<dio_status>(status), message); }

const CudaBackend* load(const char* name, bool needs_driver, std::string* reason) {
  std::string fault;
  void* library = open_library(name, &fault);
  if (library == nullptr) {
    *reason = not_opened(name, fault);
    return nullptr;
  }
  *reason = other_version(name, library);
  if (reason->empty() && needs_driver && !driver_is_present()) *reason = without_driver();
  if (!reason->empty()) return nullptr;
  const auto entry = reinterpret_cast<const CudaBackend* (*)()>(dlsym(library, "dio_cuda_backend"));
  const CudaBackend* backend = entry ? entry() : nullptr;
  *reason = unusable(name, backend);
  if (!reason->empty()) return nullptr;
  if (backend->connect) backend->connect(raise_for_library);
  return backend;
}

}  // namespace

const CudaBackend* cuda_backend(std::string* reason) {
  static std::string why;
  static const CudaBackend* const backend = load(kCuda, true, &why);
  *reason = why;
  return backend;
}

const CudaBackend* simt_backend(std::string* reason) {
  static std::string why;
  static const CudaBackend* const backend = load(kSimt, false, &why);
  *reason = why;
  return backend;
}

}  // namespace diorama
