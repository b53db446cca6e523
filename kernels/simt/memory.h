#pragma once

#include <cstddef>
#include <string>

namespace diorama::simt {

// "Device memory": every block has pages of its own and ends (to 16 bytes) where the next page may not be
// touched; nothing of it may be touched but by kernels and copies, as on a card.

// Null when the system has none left. Filled with 0xFF: NaN, so that reading what nobody wrote shows.
void* allocate_device(std::size_t bytes);
// False when it is no block.
bool free_device(void* memory);
// Bytes of all blocks.
std::size_t device_bytes();
bool is_device_memory(const void* address);

// While one lives, device memory may be touched.
class DeviceMemoryOpen {
 public:
  DeviceMemoryOpen();
  DeviceMemoryOpen(const DeviceMemoryOpen&) = delete;
  DeviceMemoryOpen& operator=(const DeviceMemoryOpen&) = delete;
  ~DeviceMemoryOpen();
};

// Where an address lies, for messages: "12 bytes beyond the end of a block of 4096 bytes". Called from a
// signal's handler while device memory is open: takes no lock and allocates nothing but the text.
std::string describe_address(const void* address);

}  // namespace diorama::simt
