// What libdiorama.so says of a libdiorama_cuda.so that it cannot use. Loading happens once in a library's
// life, so that every case copies libdiorama.so into a folder of its own, with another libdiorama_cuda.so
// beside it.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "diorama.h"

namespace {

namespace fs = std::filesystem;

const fs::path kFakes = DIORAMA_FAKES_FOLDER;
const std::string kRemedy = "; use native packages of one version";

// A folder that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "diorama-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

// A loaded library; the loader finds one that is loaded already by its soname alone, wherever it lies.
class Loaded {
 public:
  explicit Loaded(const fs::path& path, int flags = 0)
      : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | flags)) {
    if (handle_ == nullptr) FAIL(dlerror());
  }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() { dlclose(handle_); }

  template <typename Function>
  Function* find(const char* name) const {
    void* function = dlsym(handle_, name);
    REQUIRE(function != nullptr);
    return reinterpret_cast<Function*>(function);
  }

 private:
  void* handle_;
};

// A copy of libdiorama.so beside `cuda`, which may be empty (none). Like a JVM it never unloads the library:
// the libstdc++ inside would leave its reserve for exceptions behind.
class Library {
 public:
  explicit Library(const fs::path& cuda, const char* as = "libdiorama_cuda.so")
      : loaded_(copies(folder_, cuda, as), RTLD_NODELETE) {}

  std::string reason(const std::string& backend = "cuda") const {
    const int32_t count = loaded_.find<decltype(dio_backend_count)>("dio_backend_count")();
    for (int32_t i = 0; i < count; ++i) {
      dio_backend_info info;
      REQUIRE(loaded_.find<decltype(dio_backend_describe)>("dio_backend_describe")(i, &info) ==
              DIO_STATUS_OK);
      if (info.name != backend) continue;
      CHECK((info.available != 0) == (info.reason[0] == '\0'));
      return info.reason;
    }
    FAIL("there is no backend " << backend);
    return "";
  }
  dio_status create(const char* backend, dio_context** context) const {
    return loaded_.find<decltype(dio_context_create)>("dio_context_create")(backend, 1, context);
  }
  dio_status destroy(dio_context* context) const {
    return loaded_.find<decltype(dio_context_destroy)>("dio_context_destroy")(context);
  }
  std::string error() const { return loaded_.find<decltype(dio_last_error)>("dio_last_error")(); }
  template <typename Function>
  Function* find(const char* name) const {
    return loaded_.find<Function>(name);
  }

 private:
  static fs::path copies(const TemporaryFolder& folder, const fs::path& cuda, const char* as) {
    if (!cuda.empty()) fs::copy_file(cuda, folder.file(as));
    fs::copy_file(DIORAMA_LIBRARY, folder.file("libdiorama.so"));
    return folder.file("libdiorama.so");
  }

  TemporaryFolder folder_;
  Loaded loaded_;
};

fs::path fake(const char* name) { return kFakes / name / "libdiorama_cuda.so"; }

bool driver_is_present() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

// Only the CUDA backend is lost, and the sentence is the same wherever one asks.
void refuse(const Library& library, const std::string& reason) {
  CHECK(library.reason() == reason);
  dio_context* context = nullptr;
  for (const char* name : {"cuda", "cuda:1"}) {
    CHECK(library.create(name, &context) == DIO_STATUS_UNAVAILABLE);
    CHECK(library.error() == "backend cuda is not available: " + reason);
    CHECK(context == nullptr);
  }
  for (const char* name : {"auto", "cpu"}) {
    REQUIRE(library.create(name, &context) == DIO_STATUS_OK);
    CHECK(library.destroy(context) == DIO_STATUS_OK);
    context = nullptr;
  }
}

void refuse_fake(const char* name, const std::string& reason) {
  INFO(name);
  refuse(Library(fake(name)), reason);
}

}  // namespace

TEST_CASE("without a driver the driver is named first") {
  if (driver_is_present()) {
    MESSAGE("this machine has NVIDIA's driver: nothing to see here");
    return;
  }
  refuse(Library(""),
         "there is no NVIDIA driver (libcuda.so.1) on this machine; install one, and the native package for "
         "CUDA");
  const std::string absent =
      "libdiorama_cuda.so is installed, but the NVIDIA driver (libcuda.so.1) is not; install one";
  refuse_fake("whole", absent);
  refuse_fake("needs_driver", absent);
}

TEST_CASE("with a driver the library is missing") {
  const Loaded driver(kFakes / "libcuda.so.1");
  refuse(Library(""),
         "libdiorama_cuda.so is not installed; add the native package for CUDA (classifier "
         "linux-x86_64-cuda) next to "
         "libdiorama.so");
}

TEST_CASE("a file that is no library is named with what is wrong with it") {
  TemporaryFolder folder;
  const auto check = [&](const std::string& content, const std::string& fault) {
    INFO(fault);
    std::ofstream(folder.file("broken"), std::ios::binary | std::ios::trunc) << content;
    const Library library(folder.file("broken"));
    const std::string reason = library.reason();
    CHECK(reason.rfind("libdiorama_cuda.so cannot be loaded (/", 0) == 0);
    CHECK(reason.find("/libdiorama_cuda.so: " + fault) != std::string::npos);
    refuse(library, reason);
  };
  check("not a library, but a text that is longer than the header of one: 0123456789", "invalid ELF header");
  check("", "file too short");
  check("\x7f", "file too short");
  std::ifstream whole(fake("whole"), std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(whole), {});
  for (const std::size_t size : {std::size_t{100}, std::size_t{700}, content.size() / 2}) {
    check(content.substr(0, size), "the end of the file is missing");
  }
}

TEST_CASE("a library that lacks what it needs says what") {
  const Library library(fake("needs_symbol"));
  const std::string reason = library.reason();
  CHECK(reason.find("undefined symbol: no_library_has_this); install the native package for CUDA again") !=
        std::string::npos);
  refuse(library, reason);
}

TEST_CASE("a library of another version is not called") {
  const Loaded driver(kFakes / "libcuda.so.1");
  refuse_fake("no_version", "libdiorama_cuda.so does not tell its ABI version" + kRemedy);
  refuse_fake("other_version", "libdiorama_cuda.so has ABI version 4711, but libdiorama.so needs " +
                                   std::to_string(DIO_ABI_VERSION) + kRemedy);
  refuse_fake("other_operations",
              "libdiorama_cuda.so and libdiorama.so were built with different operations" + kRemedy);
}

TEST_CASE("a library without a backend") {
  const Loaded driver(kFakes / "libcuda.so.1");
  refuse_fake("no_backend", "libdiorama_cuda.so does not offer a backend" + kRemedy);
  refuse_fake("null_backend", "libdiorama_cuda.so does not offer a backend" + kRemedy);
  refuse_fake("null_reason", "libdiorama_cuda.so offers an incomplete backend" + kRemedy);
  refuse_fake("no_device", "libdiorama_cuda.so offers an incomplete backend" + kRemedy);
}

TEST_CASE("a backend's own reason is passed on") {
  const Loaded driver(kFakes / "libcuda.so.1");
  refuse_fake("old_driver", "the NVIDIA driver is too old");
}

TEST_CASE("a whole library is used, device by device") {
  const Loaded driver(kFakes / "libcuda.so.1");
  for (const char* name : {"whole", "needs_driver"}) {
    const Library library(fake(name));
    CHECK(library.reason().empty());
    dio_context* context = nullptr;
    for (const char* backend : {"cuda", "cuda:1", "auto"}) {
      REQUIRE(library.create(backend, &context) == DIO_STATUS_OK);
      float number = 1;
      dio_tensor tensor{&number, DIO_F32, 1, {1}, {1}};
      CHECK(library.find<decltype(dio_activate)>("dio_activate")(context, &tensor, DIO_ACTIVATION_SILU,
                                                                 &tensor) == DIO_STATUS_UNSUPPORTED);
      CHECK(library.destroy(context) == DIO_STATUS_OK);
    }
    CHECK(library.create("cuda:2", &context) == DIO_STATUS_UNAVAILABLE);
    CHECK(library.error() ==
          "backend cuda:2 is not available: this machine has 2 CUDA devices, counted from 0");
    CHECK(library.create("cuda:x", &context) == DIO_STATUS_INVALID_ARGUMENT);
    CHECK(library.error() == "backend cuda:x is not a name; write cuda:0, cuda:1, ...");
  }
}

namespace {

// What the CUDA library's own look at the machine says, with the stand-in for the runtime set to a machine.
std::string look(const char* variable, const char* value) {
  setenv(variable, value, 1);
  const std::string reason = Library(DIORAMA_SIMT, "libdiorama_simt.so").reason("simt");
  unsetenv(variable);
  return reason;
}

}  // namespace

TEST_CASE("an old driver, no device and an old device have a sentence each") {
  CHECK(look("DIORAMA_SIMT_DRIVER", "13010") == "");
  CHECK(look("DIORAMA_SIMT_DRIVER", "12040") ==
        "the NVIDIA driver is made for CUDA 12.4, but CUDA 13.0 is needed; install a newer driver");
  CHECK(look("DIORAMA_SIMT_DRIVER", "0") ==
        "the NVIDIA driver does not answer; install it again or restart the machine");
  CHECK(look("DIORAMA_SIMT_DEVICE", "none") == "the NVIDIA driver finds no CUDA device");
  const std::string old = look("DIORAMA_SIMT_DEVICE", "sm_75");
  CHECK(old.find("(compute capability 7.5, ") != std::string::npos);
  CHECK(old.find(" is too old: compute capability 8.0 or later is needed") != std::string::npos);
}
