// The driver API: initialisation, the device, and contexts.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "api.h"
#include "device.h"
#include "memory.h"
#include "order.h"

using namespace emulation;

namespace {

std::atomic<bool> initialised{false};
// There is one context, the primary one of the device; its handle is this address.
int primary_context;
thread_local void* current_context = nullptr;

Result initialise() {
  if (!order_of_environment()) {
    return report(Result::invalid_value, "GANAS_EMULATION_ORDER is `" + std::string(std::getenv("GANAS_EMULATION_ORDER")) +
                                             "`; write ascending, descending or shuffled:SEED");
  }
  if (const char* limit = std::getenv("GANAS_EMULATION_MEMORY")) {
    char* end = nullptr;
    auto bytes = std::strtoull(limit, &end, 10);
    if (end == limit || *end != 0) {
      return report(Result::invalid_value, "GANAS_EMULATION_MEMORY is `" + std::string(limit) + "`; write a number of bytes");
    }
    Memory::instance().set_limit(bytes);
  }
  initialised = true;
  return Result::success;
}

Result require_device(int device) {
  if (!initialised) return report(Result::not_initialised, "cuInit was not called");
  if (device != 0) return report(Result::invalid_device, "there is one device, with the number 0");
  return Result::success;
}

// The attributes by the numbers of CUdevice_attribute.
Result attribute(int number, int* value) {
  switch (number) {
    case 1: *value = device::threads_per_block; break;
    case 2: *value = device::max_block_size[0]; break;
    case 3: *value = device::max_block_size[1]; break;
    case 4: *value = device::max_block_size[2]; break;
    case 5: *value = device::max_grid_size[0]; break;
    case 6: *value = device::max_grid_size[1]; break;
    case 7: *value = device::max_grid_size[2]; break;
    case 8: *value = device::shared_per_block; break;
    case 9: *value = 65536; break;                                  // constant memory
    case 10: *value = device::warp_size; break;
    case 12: *value = device::registers_per_block; break;
    case 13: *value = 1000000; break;                               // clock rate in kHz
    case 14: *value = 512; break;                                   // texture alignment
    case 16: *value = device::multiprocessors; break;
    case 36: *value = 1000000; break;                               // clock rate of the memory in kHz
    case 37: *value = 64; break;                                    // width of the memory bus
    case 38: *value = 1 << 20; break;                               // L2 cache
    case 39: *value = device::threads_per_multiprocessor; break;
    case 41: *value = 1; break;                                     // unified addressing
    case 75: *value = device::capability_major; break;
    case 76: *value = device::capability_minor; break;
    case 78: *value = 1; break;                                     // stream priorities
    case 81: *value = device::shared_per_multiprocessor; break;
    case 82: *value = device::registers_per_block; break;           // registers per multiprocessor
    case 97: *value = device::shared_per_block_opt_in; break;
    case 106: *value = device::blocks_per_multiprocessor; break;
    case 111: *value = 1024; break;                                 // reserved shared memory per block
    case 115: *value = 1; break;                                    // memory pools, and so cuMemAllocAsync
    default:
      if (number < 1 || number > 150) return report(Result::invalid_value, "unknown device attribute");
      *value = 0;                                                   // features that there are not
  }
  return Result::success;
}

template <class Body>
Code on_device(int device, Body body) {
  return guarded([&] {
    Result result = require_device(device);
    return result == Result::success ? body() : result;
  });
}

}  // namespace

Result emulation::require_context() {
  if (!initialised) return report(Result::not_initialised, "cuInit was not called");
  if (current_context) return Result::success;
  return report(Result::invalid_context, "this thread has no current context; bind one with cuCtxSetCurrent first");
}

GANAS_EMULATION_API Code cuInit(unsigned) { return guarded(initialise); }

GANAS_EMULATION_API Code cuDriverGetVersion(int* version) {
  *version = 13000;
  return code(Result::success);
}

GANAS_EMULATION_API Code cuDeviceGetCount(int* count) {
  *count = 1;
  return code(initialised ? Result::success : Result::not_initialised);
}

GANAS_EMULATION_API Code cuDeviceGet(int* device, int ordinal) {
  return on_device(ordinal, [&] {
    *device = ordinal;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuDeviceGetName(char* name, int size, int device) {
  return on_device(device, [&] {
    std::snprintf(name, static_cast<std::size_t>(size), "%s", device::name);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuDeviceGetUuid_v2(char* uuid, int device) {
  return on_device(device, [&] {
    std::memcpy(uuid, "ganas emulation", 16);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuDeviceGetUuid(char* uuid, int device) { return cuDeviceGetUuid_v2(uuid, device); }

GANAS_EMULATION_API Code cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  return on_device(device, [&] {
    *bytes = Memory::instance().limit();
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuDeviceGetAttribute(int* value, int number, int device) {
  return on_device(device, [&] { return attribute(number, value); });
}

GANAS_EMULATION_API Code cuDevicePrimaryCtxRetain(void** context, int device) {
  return on_device(device, [&] {
    *context = &primary_context;
    return Result::success;
  });
}

// The device lives as long as the process, so releasing the context ends nothing.
GANAS_EMULATION_API Code cuDevicePrimaryCtxRelease_v2(int device) {
  return on_device(device, [] { return Result::success; });
}

GANAS_EMULATION_API Code cuCtxSetCurrent(void* context) {
  return guarded([&] {
    if (context && context != &primary_context) return report(Result::invalid_context, "this is no context");
    current_context = context;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuCtxGetCurrent(void** context) {
  *context = current_context;
  return code(Result::success);
}

GANAS_EMULATION_API Code cuCtxGetDevice(int* device) {
  return with_context([&] {
    *device = 0;
    return Result::success;
  });
}

// All work is done when the call that asks for it returns.
GANAS_EMULATION_API Code cuCtxSynchronize() {
  return with_context([] { return Result::success; });
}

GANAS_EMULATION_API Code cuCtxSetFlags(unsigned) {
  return with_context([] { return Result::success; });
}

GANAS_EMULATION_API Code cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return with_context([&] {
    *least = 0;
    *greatest = 0;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuGetErrorName(Code error, const char** name) {
  *name = result_name(error);
  return code(*name ? Result::success : Result::invalid_value);
}

GANAS_EMULATION_API Code cuGetErrorString(Code error, const char** text) {
  *text = result_text(error);
  return code(*text ? Result::success : Result::invalid_value);
}
