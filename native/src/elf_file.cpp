#include "elf_file.h"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>

namespace diorama {
namespace {

template <typename Struct>
bool read_at(std::ifstream& file, uint64_t offset, Struct* to) {
  file.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(file.read(reinterpret_cast<char*>(to), sizeof(Struct)));
}

}  // namespace

bool is_cut_short(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<uint64_t>(file.tellg());
  ElfW(Ehdr) header;
  if (!file || !read_at(file, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) part;
    if (!read_at(file, header.e_phoff + i * header.e_phentsize, &part)) return true;
    // As a difference: the sum of two wild numbers may wrap around.
    if (part.p_type == PT_LOAD && (part.p_filesz > size || part.p_offset > size - part.p_filesz)) return true;
  }
  return false;
}

}  // namespace diorama
