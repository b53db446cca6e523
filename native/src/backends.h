#pragma once

#include <memory>
#include <string>

#include "context.h"
#include "operations.h"

namespace diorama {

// A row of the backend table.
struct Backend {
  const Operations* operations;
  int32_t device_count;
  std::string name;
  std::string description;
  std::string reason;  // empty when available
};

int backend_count();
const Backend& backend(int index);
// Resolves "auto", "cpu", "cuda:1", ...; throws Error naming what exists.
std::unique_ptr<Context> open_context(const std::string& name, int threads);

}  // namespace diorama
