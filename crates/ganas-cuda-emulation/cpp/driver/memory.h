// Device memory: host memory between guard pages, filled with NaN, with a check of every address that is handed in.
//
// An allocation ends where an inaccessible page begins (apart from at most 15 bytes, because allocations are aligned to
// 16 bytes) and has one in front of it, too. What lies between the guard pages and the allocation is a margin, filled
// with a pattern that `intact_margins` looks for. Freed memory stays inaccessible for a while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "result.h"

namespace emulation {

using Address = std::uint64_t;

struct Allocation {
  Address start;
  std::size_t size;
  // The mapping around it, with both guard pages.
  Address mapping;
  std::size_t mapping_size;
};

class Memory {
 public:
  static Memory& instance();

  Result allocate(std::size_t size, Address* address);
  Result free(Address address);

  // The live allocation that holds the address. An address just past the end counts, because an empty slice has it.
  std::optional<Allocation> containing(Address address);

  // An error unless all bytes belong to one live allocation. `what` names the range in the report.
  Result check_range(Address address, std::size_t size, const char* what);

  // Whether nothing wrote into the margins of an allocation.
  static bool intact_margins(const Allocation& allocation);

  // What is at an address that a kernel must not use, such as "8 bytes past the end of an allocation of 400 bytes".
  std::string describe(Address address);

  void set_limit(std::size_t bytes);
  std::size_t limit();
  std::size_t used();

 private:
  Memory();

  // The allocation with the largest start that is not above the address.
  std::optional<Allocation> below(Address address);
  void release_oldest();

  std::mutex mutex_;
  std::map<Address, Allocation> live_;
  std::deque<Allocation> freed_;
  std::size_t freed_bytes_ = 0;
  std::size_t used_ = 0;
  std::size_t limit_;
};

}  // namespace emulation
