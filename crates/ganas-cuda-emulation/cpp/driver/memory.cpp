// Device memory and the checks of addresses.

#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace emulation {

namespace {

const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
constexpr std::size_t alignment = 16;
constexpr unsigned char pattern = 0xff;
constexpr std::size_t default_limit = std::size_t{8} << 30;
// How much freed address space stays inaccessible.
constexpr std::size_t quarantine = std::size_t{4} << 30;
constexpr std::size_t quarantined_ranges = 8192;

void* pointer(Address address) { return reinterpret_cast<void*>(address); }

std::string hexadecimal(Address address) {
  std::ostringstream text;
  text << "0x" << std::hex << address;
  return text.str();
}

std::string bytes(Address count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

bool all_pattern(Address from, Address to) {
  const auto* first = static_cast<const unsigned char*>(pointer(from));
  return std::all_of(first, first + (to - from), [](unsigned char byte) { return byte == pattern; });
}

}  // namespace

Memory::Memory() : limit_(default_limit) {}

Memory& Memory::instance() {
  // Never destroyed: cudarc may free memory while the process ends.
  static Memory* memory = new Memory;
  return *memory;
}

Result Memory::allocate(std::size_t size, Address* address) {
  if (!address || size == 0) {
    return report(Result::invalid_value, "an allocation needs a place for its address and at least 1 byte");
  }
  std::lock_guard lock(mutex_);
  if (size > limit_ - std::min(limit_, used_)) {
    return report(Result::out_of_memory, "device memory is exhausted: " + bytes(size) + " asked for, " +
                                             bytes(used_) + " of " + bytes(limit_) + " in use");
  }
  std::size_t aligned = (size + alignment - 1) / alignment * alignment;
  std::size_t inner = (aligned + page - 1) / page * page;
  std::size_t total = inner + 2 * page;
  void* mapping = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return report(Result::out_of_memory, "the host has no memory for " + bytes(size));
  auto* usable = static_cast<unsigned char*>(mapping) + page;
  if (mprotect(usable, inner, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping, total);
    return report(Result::out_of_memory, "the host has no memory for " + bytes(size));
  }
  std::memset(usable, pattern, inner);
  auto base = reinterpret_cast<Address>(mapping);
  Allocation allocation{base + page + inner - aligned, size, base, total};
  live_.emplace(allocation.start, allocation);
  used_ += size;
  *address = allocation.start;
  return Result::success;
}

Result Memory::free(Address address) {
  std::unique_lock lock(mutex_);
  auto found = live_.find(address);
  if (found == live_.end()) {
    lock.unlock();
    return report(Result::invalid_value,
                  "cannot free " + hexadecimal(address) + ": it is " + describe(address) +
                      "; a free needs the address that an allocation returned, once");
  }
  Allocation allocation = found->second;
  live_.erase(found);
  used_ -= allocation.size;
  bool intact = intact_margins(allocation);
  // A new mapping in the same place: inaccessible, and its memory goes back to the host.
  mmap(pointer(allocation.mapping), allocation.mapping_size, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  freed_.push_back(allocation);
  freed_bytes_ += allocation.mapping_size;
  while (freed_bytes_ > quarantine || freed_.size() > quarantined_ranges) release_oldest();
  lock.unlock();
  if (intact) return Result::success;
  return report(Result::illegal_address,
                "something wrote just outside an allocation of " + bytes(allocation.size) + " that is freed now");
}

void Memory::release_oldest() {
  const Allocation& oldest = freed_.front();
  munmap(pointer(oldest.mapping), oldest.mapping_size);
  freed_bytes_ -= oldest.mapping_size;
  freed_.pop_front();
}

std::optional<Allocation> Memory::below(Address address) {
  auto next = live_.upper_bound(address);
  if (next == live_.begin()) return std::nullopt;
  return std::prev(next)->second;
}

std::optional<Allocation> Memory::containing(Address address) {
  std::lock_guard lock(mutex_);
  auto candidate = below(address);
  if (candidate && address <= candidate->start + candidate->size) return candidate;
  return std::nullopt;
}

Result Memory::check_range(Address address, std::size_t size, const char* what) {
  if (size == 0) return Result::success;
  auto allocation = containing(address);
  if (allocation && size <= allocation->start + allocation->size - address) return Result::success;
  std::string where = allocation ? "byte " + std::to_string(address - allocation->start) + " of an allocation of " +
                                       bytes(allocation->size)
                                 : describe(address);
  return report(Result::invalid_value,
                std::string(what) + " of " + bytes(size) + " begins at " + hexadecimal(address) + ", which is " + where);
}

bool Memory::intact_margins(const Allocation& allocation) {
  Address first = allocation.mapping + page;
  Address last = allocation.mapping + allocation.mapping_size - page;
  return all_pattern(first, allocation.start) && all_pattern(allocation.start + allocation.size, last);
}

std::string Memory::describe(Address address) {
  if (address < page) return "a null pointer";
  std::lock_guard lock(mutex_);
  auto inside = [address](const Allocation& a) { return address - a.mapping < a.mapping_size; };
  // The guard page in front of an allocation is below its start.
  for (auto next = live_.upper_bound(address); const auto& candidate :
       {below(address), next == live_.end() ? std::nullopt : std::optional(next->second)}) {
    if (!candidate || !inside(*candidate)) continue;
    std::string of = " an allocation of " + bytes(candidate->size);
    if (address < candidate->start) return bytes(candidate->start - address) + " before" + of;
    Address end = candidate->start + candidate->size;
    if (address == end) return "just past the end of" + of;
    if (address > end) return bytes(address - end) + " past the end of" + of;
    return "byte " + std::to_string(address - candidate->start) + " of" + of;
  }
  for (const auto& allocation : freed_) {
    if (inside(allocation)) return "in memory that is freed (" + bytes(allocation.size) + ")";
  }
  return "no device memory";
}

void Memory::set_limit(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  limit_ = bytes;
}

std::size_t Memory::limit() {
  std::lock_guard lock(mutex_);
  return limit_;
}

std::size_t Memory::used() {
  std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace emulation
