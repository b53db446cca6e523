#pragma once

#include <atomic>
#include <memory>
#include <new>
#include <vector>

#include "check.h"
#include "context.h"
#include "error.h"
#include "generator.h"
#include "operations.h"
#include "splat_frame.h"

// What is behind the opaque handles of diorama.h.
struct dio_context {
  std::unique_ptr<diorama::Context> context;
  std::vector<dio_splat_frame*> frames;  // made by this context and not destroyed
  std::vector<dio_graph*> graphs;        // likewise
  std::atomic<bool> busy{false};
};

struct dio_splat_frame {
  dio_context* owner;  // null once the context is destroyed, and frame with it
  std::unique_ptr<diorama::SplatFrame> frame;
};

struct dio_graph {
  dio_context* owner;  // null once the context is destroyed, and graph with it
  std::unique_ptr<diorama::Graph> graph;
};

struct dio_generator {
  explicit dio_generator(uint64_t seed) : generator(seed) {}
  diorama::Generator generator;
  std::atomic<bool> busy{false};
};

namespace diorama {

// Keeps the sentence for dio_last_error() and returns the status.
dio_status remember(dio_status status, const char* message) noexcept;

// Marks a handle as in use for as long as it lives; throws Error(busy) when another thread uses it.
class Claim {
 public:
  Claim(std::atomic<bool>& busy, const char* operation, const char* what) : busy_(busy) {
    if (busy_.exchange(true, std::memory_order_acquire)) {
      throw Error(DIO_STATUS_BUSY, std::string(operation) + ": another thread is using this " + what +
                                       "; give each thread its own");
    }
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() { busy_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool>& busy_;
};

// Runs body and turns exceptions into a status: none may cross the C ABI.
template <typename Body>
dio_status guarded(Body&& body) noexcept {
  try {
    body();
    return DIO_STATUS_OK;
  } catch (const Error& error) {
    return remember(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return remember(DIO_STATUS_OUT_OF_MEMORY, "the system has no memory left");
  } catch (const std::exception& error) {
    return remember(DIO_STATUS_INTERNAL, error.what());
  } catch (...) {
    return remember(DIO_STATUS_INTERNAL, "an unknown fault");
  }
}

// Runs body with the context, claimed for this thread.
template <typename Body>
dio_status with_context(const char* name, dio_context* handle, Body&& body) noexcept {
  return guarded([&] {
    if (handle == nullptr) {
      throw Error(DIO_STATUS_INVALID_ARGUMENT, std::string(name) + ": context is null, but it is required");
    }
    const Claim claim(handle->busy, name, "context");
    body(*handle->context);
  });
}

// One operation: check(Check&) looks at the arguments, then run(entry, context) calls the backend's entry of
// the table.
template <typename Entry, typename Checks, typename Run>
dio_status operation(const char* name, dio_context* handle, Entry Operations::*member, Checks&& checks,
                     Run&& run) noexcept {
  return with_context(name, handle, [&](Context& context) {
    Check check(name, context.memory_on_host());
    checks(check);
    const Entry entry = context.operations().*member;
    if (entry == nullptr) {
      throw Error(DIO_STATUS_UNSUPPORTED,
                  std::string(name) + " is not available on the backend " + context.operations().backend);
    }
    context.reset_scratch();
    run(entry, context);
  });
}

}  // namespace diorama
