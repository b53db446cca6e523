#include "api.h"
#include "backends.h"

using namespace diorama;

dio_status dio_context_create(const char* backend, int32_t threads, dio_context** context) {
  return guarded([&] {
    const Check check("context_create");
    check.pointer("backend", backend);
    check.pointer("context", context);
    auto handle = std::make_unique<dio_context>();
    handle->context = open_context(backend, threads);
    *context = handle.release();
  });
}

dio_status dio_context_destroy(dio_context* context) {
  return guarded([&] {
    if (context == nullptr) return;
    if (context->busy.exchange(true)) {
      throw Error(DIO_STATUS_BUSY,
                  "context_destroy: another thread is using this context; let it finish first");
    }
    context->context->cancel_graph();
    context->context->synchronize();
    for (dio_splat_frame* frame : context->frames) {
      frame->frame.reset();
      frame->owner = nullptr;
    }
    for (dio_graph* graph : context->graphs) {
      graph->graph.reset();
      graph->owner = nullptr;
    }
    delete context;
  });
}

dio_status dio_context_synchronize(dio_context* context) {
  return with_context("context_synchronize", context, [](Context& c) { c.synchronize(); });
}

dio_status dio_context_stream(dio_context* context, void** stream) {
  return with_context("context_stream", context, [&](Context& c) {
    Check("context_stream").pointer("stream", stream);
    *stream = c.stream();
  });
}

dio_status dio_context_use_stream(dio_context* context, void* stream) {
  return with_context("context_use_stream", context, [&](Context& c) { c.use_stream(stream); });
}

dio_status dio_context_allow_tf32(dio_context* context, int32_t allowed) {
  return with_context("context_allow_tf32", context, [&](Context& c) {
    Check("context_allow_tf32").between("allowed", allowed, 0, 1);
    c.allow_tf32(allowed == 1);
  });
}

dio_status dio_context_allow_cublas(dio_context* context, int32_t allowed) {
  return with_context("context_allow_cublas", context, [&](Context& c) {
    Check("context_allow_cublas").between("allowed", allowed, 0, 1);
    c.allow_cublas(allowed == 1);
  });
}

dio_status dio_context_description(dio_context* context, const char** description) {
  return with_context("context_description", context, [&](Context& c) {
    Check("context_description").pointer("description", description);
    *description = c.description();
  });
}

dio_status dio_context_device_memory(dio_context* context, int64_t* free_bytes, int64_t* total_bytes) {
  return with_context("context_device_memory", context, [&](Context& c) {
    const Check check("context_device_memory");
    check.pointer("free_bytes", free_bytes);
    check.pointer("total_bytes", total_bytes);
    const Context::DeviceMemory memory = c.device_memory();
    *free_bytes = memory.free_bytes;
    *total_bytes = memory.total_bytes;
  });
}

dio_status dio_context_memory(dio_context* context, dio_memory_stats* stats) {
  return with_context("context_memory", context, [&](Context& c) {
    Check("context_memory").pointer("stats", stats);
    *stats = c.memory();
  });
}

dio_status dio_context_trim(dio_context* context) {
  return with_context("context_trim", context, [](Context& c) { c.trim(); });
}

dio_status dio_memory_allocate(dio_context* context, size_t bytes, void** memory) {
  return with_context("memory_allocate", context, [&](Context& c) {
    const Check check("memory_allocate");
    check.pointer("memory", memory);
    if (bytes == 0) check.fail("bytes is 0, expected at least 1");
    *memory = c.allocate(bytes);
  });
}

dio_status dio_memory_free(dio_context* context, void* memory) {
  return with_context("memory_free", context, [&](Context& c) {
    if (memory != nullptr) c.free(memory);
  });
}

dio_status dio_memory_copy(dio_context* context, void* destination, const void* source, size_t bytes,
                           dio_copy_direction direction) {
  return with_context("memory_copy", context, [&](Context& c) {
    const Check check("memory_copy");
    if (bytes == 0) return;
    check.pointer("destination", destination);
    check.pointer("source", source);
    check.between("direction", direction, DIO_COPY_HOST_TO_DEVICE, DIO_COPY_DEVICE_TO_DEVICE);
    c.copy(destination, source, bytes, direction);
  });
}
