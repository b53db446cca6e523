#pragma once

#include <string>

namespace diorama {

// Whether the file ends before the parts that its own program headers name, as a copy onto a full disk does.
// dlopen() maps such a file and the process dies of SIGBUS; whatever else is wrong it reports.
bool is_cut_short(const std::string& path);

}  // namespace diorama
