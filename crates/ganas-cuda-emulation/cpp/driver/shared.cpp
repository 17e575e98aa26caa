// Dynamic shared memory.

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "block.h"
#include "device.h"

namespace emulation {

namespace {
const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
const std::size_t usable = (device::shared_per_block_opt_in + page - 1) / page * page;
constexpr std::size_t alignment = 16;
}  // namespace

DynamicShared& DynamicShared::of_this_thread() {
  static thread_local DynamicShared shared;
  return shared;
}

DynamicShared::~DynamicShared() {
  if (mapping_) munmap(mapping_, usable + page);
}

bool DynamicShared::resize(std::size_t bytes) {
  if (!mapping_) {
    void* mapping = mmap(nullptr, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return false;
    mapping_ = static_cast<unsigned char*>(mapping);
    if (mprotect(mapping_ + usable, page, PROT_NONE) != 0) return false;
  }
  start_ = mapping_ + usable - (bytes + alignment - 1) / alignment * alignment;
  return true;
}

void DynamicShared::poison() { std::memset(start_, 0xff, static_cast<std::size_t>(mapping_ + usable - start_)); }

bool DynamicShared::guards(const void* address) const {
  const auto* byte = static_cast<const unsigned char*>(address);
  return mapping_ && byte >= mapping_ + usable && byte < mapping_ + usable + page;
}

}  // namespace emulation
