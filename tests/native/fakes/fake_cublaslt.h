#pragma once

#include <cstddef>
#include <cstdint>

// What a test tells the fake of cuBLASLt to do, and what it saw. `fake_cublaslt` gives its address.
struct FakeCublasLt {
  std::size_t version = 120805;
  int create_status = 0;
  int heuristic_status = 0;
  int algorithms = 1;
  int matmul_status = 0;
  std::size_t workspace_bytes = 4096;
  // Between the host and the memory that products lie in.
  void (*read)(void* host, const void* device, std::size_t bytes) = nullptr;
  void (*write)(void* device, const void* host, std::size_t bytes) = nullptr;

  int handles = 0, objects = 0;  // alive
  int heuristics = 0, products = 0;
  // Of the last product.
  int compute_type = 0;
  uint32_t epilogue = 0;
  float beta = 0;
  bool has_workspace = false;
};
