// The image of a compiled source: a header and the bytes of a shared object. It stands in for PTX.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ganas_emulation {

struct ImageHeader {
  // No PTX and no ELF file begins so.
  char magic[8];
  std::uint64_t size;
  // Of the object.
  std::uint64_t hash;
  // Of the fields above, so that a damaged size is noticed before it is used.
  std::uint64_t header_hash;
};

constexpr char image_magic[8] = {'\x7f', 'G', 'A', 'N', 'A', 'S', 'E', '1'};

// FNV-1a with 64 bits.
inline std::uint64_t hash_bytes(const void* bytes, std::size_t size, std::uint64_t hash = 0xcbf29ce484222325u) {
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ byte[i]) * 0x100000001b3u;
  return hash;
}

inline std::uint64_t hash_header(const ImageHeader& header) {
  return hash_bytes(&header, offsetof(ImageHeader, header_hash));
}

}  // namespace ganas_emulation
