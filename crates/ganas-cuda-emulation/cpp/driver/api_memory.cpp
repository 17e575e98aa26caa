// The driver API: memory. The asynchronous functions do their work at once, as a stream without a backlog would.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "api.h"
#include "memory.h"

using namespace emulation;

namespace {

void* host(Address address) { return reinterpret_cast<void*>(address); }

Result copy_to_device(Address to, const void* from, std::size_t size) {
  Result result = Memory::instance().check_range(to, size, "the destination of a copy");
  if (result == Result::success && size > 0) std::memcpy(host(to), from, size);
  return result;
}

Result copy_to_host(void* to, Address from, std::size_t size) {
  Result result = Memory::instance().check_range(from, size, "the source of a copy");
  if (result == Result::success && size > 0) std::memcpy(to, host(from), size);
  return result;
}

Result copy_on_device(Address to, Address from, std::size_t size) {
  Result result = Memory::instance().check_range(from, size, "the source of a copy");
  if (result == Result::success) result = Memory::instance().check_range(to, size, "the destination of a copy");
  if (result == Result::success && size > 0) std::memmove(host(to), host(from), size);
  return result;
}

template <class Value>
Result fill(Address to, Value value, std::size_t count) {
  if (count > SIZE_MAX / sizeof value) return report(Result::invalid_value, "more memory to fill than there is");
  Result result = Memory::instance().check_range(to, count * sizeof value, "the memory to fill");
  if (result != Result::success) return result;
  if (to % sizeof value != 0) return report(Result::invalid_value, "the memory to fill is not aligned to its elements");
  auto* values = static_cast<Value*>(host(to));
  for (std::size_t i = 0; i < count; ++i) values[i] = value;
  return result;
}

// Host memory that the driver gave out.
std::mutex pinned_mutex;
std::set<void*> pinned;

Result allocate_pinned(void** address, std::size_t size) {
  if (!address || size == 0) return report(Result::invalid_value, "an allocation of host memory needs at least 1 byte");
  void* memory = std::malloc(size);
  if (!memory) return report(Result::out_of_memory, "the host has no memory for " + std::to_string(size) + " bytes");
  std::memset(memory, 0xff, size);
  std::lock_guard lock(pinned_mutex);
  pinned.insert(memory);
  *address = memory;
  return Result::success;
}

Result free_pinned(void* address) {
  std::lock_guard lock(pinned_mutex);
  if (pinned.erase(address) == 0) {
    return report(Result::invalid_value, "this host memory was not given out by the driver, or is freed already");
  }
  std::free(address);
  return Result::success;
}

}  // namespace

GANAS_EMULATION_API Code cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  return with_context([&] {
    auto& memory = Memory::instance();
    *total = memory.limit();
    auto used = memory.used();
    *free = *total > used ? *total - used : 0;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuMemAlloc_v2(Address* address, std::size_t size) {
  return with_context([&] { return Memory::instance().allocate(size, address); });
}

GANAS_EMULATION_API Code cuMemAllocAsync(Address* address, std::size_t size, void* stream) {
  return on_stream(stream, [&] { return Memory::instance().allocate(size, address); });
}

GANAS_EMULATION_API Code cuMemFree_v2(Address address) {
  return with_context([&] { return Memory::instance().free(address); });
}

GANAS_EMULATION_API Code cuMemFreeAsync(Address address, void* stream) {
  return on_stream(stream, [&] { return Memory::instance().free(address); });
}

GANAS_EMULATION_API Code cuMemHostAlloc(void** address, std::size_t size, unsigned) {
  return with_context([&] { return allocate_pinned(address, size); });
}

GANAS_EMULATION_API Code cuMemAllocHost_v2(void** address, std::size_t size) { return cuMemHostAlloc(address, size, 0); }

GANAS_EMULATION_API Code cuMemFreeHost(void* address) {
  return with_context([&] { return free_pinned(address); });
}

GANAS_EMULATION_API Code cuMemcpyHtoD_v2(Address to, const void* from, std::size_t size) {
  return with_context([&] { return copy_to_device(to, from, size); });
}

GANAS_EMULATION_API Code cuMemcpyHtoDAsync_v2(Address to, const void* from, std::size_t size, void* stream) {
  return on_stream(stream, [&] { return copy_to_device(to, from, size); });
}

GANAS_EMULATION_API Code cuMemcpyDtoH_v2(void* to, Address from, std::size_t size) {
  return with_context([&] { return copy_to_host(to, from, size); });
}

GANAS_EMULATION_API Code cuMemcpyDtoHAsync_v2(void* to, Address from, std::size_t size, void* stream) {
  return on_stream(stream, [&] { return copy_to_host(to, from, size); });
}

GANAS_EMULATION_API Code cuMemcpyDtoD_v2(Address to, Address from, std::size_t size) {
  return with_context([&] { return copy_on_device(to, from, size); });
}

GANAS_EMULATION_API Code cuMemcpyDtoDAsync_v2(Address to, Address from, std::size_t size, void* stream) {
  return on_stream(stream, [&] { return copy_on_device(to, from, size); });
}

GANAS_EMULATION_API Code cuMemsetD8_v2(Address to, unsigned char value, std::size_t count) {
  return with_context([&] { return fill(to, value, count); });
}

GANAS_EMULATION_API Code cuMemsetD8Async(Address to, unsigned char value, std::size_t count, void* stream) {
  return on_stream(stream, [&] { return fill(to, value, count); });
}

GANAS_EMULATION_API Code cuMemsetD32_v2(Address to, unsigned value, std::size_t count) {
  return with_context([&] { return fill(to, value, count); });
}

GANAS_EMULATION_API Code cuMemsetD32Async(Address to, unsigned value, std::size_t count, void* stream) {
  return on_stream(stream, [&] { return fill(to, value, count); });
}
