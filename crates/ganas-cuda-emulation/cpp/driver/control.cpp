// What tests set and ask beside the driver API; the Rust crate calls these functions.

#include "api.h"
#include "memory.h"
#include "order.h"

using namespace emulation;

// `kind` is 0 for ascending, 1 for descending, 2 for shuffled.
GANAS_EMULATION_API void ganas_emulation_set_order(int kind, std::uint64_t seed) {
  set_order({static_cast<Order::Kind>(kind), seed});
}

// Null if there is none. The text stays until the next report of this thread.
GANAS_EMULATION_API const char* ganas_emulation_last_report() { return last_report(); }

GANAS_EMULATION_API void ganas_emulation_clear_report() { clear_report(); }

GANAS_EMULATION_API void ganas_emulation_set_memory_limit(std::uint64_t bytes) { Memory::instance().set_limit(bytes); }

GANAS_EMULATION_API std::uint64_t ganas_emulation_memory_in_use() { return Memory::instance().used(); }
