#pragma once

namespace diorama::cuda {

// Gives the function that throws diorama::Error on behalf of this library; libdiorama.so calls it once, on
// loading.
void connect_raise(void (*raise)(int status, const char* message));

}  // namespace diorama::cuda
