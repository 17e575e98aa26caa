// The driver API: modules, functions and launches.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "api.h"
#include "device.h"
#include "execution.h"
#include "module.h"

using namespace emulation;

namespace {

std::mutex mutex;
// Never destroyed: cudarc may unload modules while the process ends.
auto& modules = *new std::map<void*, std::unique_ptr<LoadedModule>>;

Result load(void** handle, const void* image) {
  std::unique_ptr<LoadedModule> module;
  Result result = LoadedModule::load(image, module);
  if (result != Result::success) return result;
  std::lock_guard lock(mutex);
  *handle = module.get();
  modules[*handle] = std::move(module);
  return Result::success;
}

Result load_file(void** handle, const char* path) {
  FILE* file = std::fopen(path, "rb");
  if (!file) return report(Result::file_not_found, "cannot open the image " + std::string(path));
  std::vector<char> bytes;
  char chunk[65536];
  for (std::size_t size; (size = std::fread(chunk, 1, sizeof chunk, file)) > 0;) bytes.insert(bytes.end(), chunk, chunk + size);
  std::fclose(file);
  // As a text would end.
  bytes.push_back(0);
  return load(handle, bytes.data());
}

LoadedModule* find(void* handle) {
  auto found = modules.find(handle);
  return found == modules.end() ? nullptr : found->second.get();
}

Result no_module() { return report(Result::invalid_handle, "this is no module, or it is unloaded"); }

template <class Body>
Code on_function(void* function, Body body) {
  return with_context([&] {
    if (!function) return report(Result::invalid_handle, "this is no function");
    return body(*static_cast<Function*>(function));
  });
}

// The attributes by the numbers of CUfunction_attribute.
Result function_attribute(const Function& function, int number, int* value) {
  switch (number) {
    case 0: *value = static_cast<int>(function.kernel->max_threads); break;
    case 5:                                                                     // version of the PTX
    case 6: *value = device::capability_major * 10 + device::capability_minor; break;  // version of the binary
    case 8: *value = static_cast<int>(function.max_dynamic_shared); break;
    case 1: case 2: case 3: case 4:                                             // shared, constant, local, registers
      return report(Result::not_supported, "the emulation does not know the memory and registers that a kernel takes; "
                                           "`cargo xtask kernels check` does");
    default: return report(Result::invalid_value, "unknown function attribute");
  }
  return Result::success;
}

Result set_function_attribute(Function& function, int number, int value) {
  constexpr int max_dynamic_shared = 8, carveout = 9;
  if (number == carveout) return Result::success;
  if (number != max_dynamic_shared) return report(Result::invalid_value, "this function attribute cannot be set");
  if (value < 0 || static_cast<unsigned>(value) > device::shared_per_block_opt_in) {
    return report(Result::invalid_value, "a block has at most " + std::to_string(device::shared_per_block_opt_in) +
                                             " bytes of shared memory");
  }
  function.max_dynamic_shared = static_cast<unsigned>(value);
  return Result::success;
}

// By threads, blocks and dynamic shared memory; registers are not known here.
int blocks_per_multiprocessor(int block_size, std::size_t dynamic_shared) {
  int by_threads = device::threads_per_multiprocessor / std::max(block_size, 1);
  int blocks = std::min(by_threads, device::blocks_per_multiprocessor);
  if (dynamic_shared > 0) blocks = std::min(blocks, static_cast<int>(device::shared_per_multiprocessor / dynamic_shared));
  return blocks;
}

}  // namespace

GANAS_EMULATION_API Code cuModuleLoadData(void** module, const void* image) {
  return with_context([&] {
    // A driver that is older than the compiler, for tests of what is said then.
    if (std::getenv("GANAS_EMULATION_OLD_DRIVER")) {
      return report(Result::unsupported_ptx, "GANAS_EMULATION_OLD_DRIVER is set");
    }
    return load(module, image);
  });
}

GANAS_EMULATION_API Code cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
  return cuModuleLoadData(module, image);
}

GANAS_EMULATION_API Code cuModuleLoad(void** module, const char* path) {
  return with_context([&] { return load_file(module, path); });
}

GANAS_EMULATION_API Code cuModuleUnload(void* module) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    return modules.erase(module) > 0 ? Result::success : no_module();
  });
}

GANAS_EMULATION_API Code cuModuleGetFunction(void** function, void* module, const char* name) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    auto* loaded = find(module);
    if (!loaded) return no_module();
    *function = loaded->function(name);
    if (*function) return Result::success;
    return report(Result::not_found, "the module has no kernel `" + std::string(name) + "`; is it extern \"C\"?");
  });
}

GANAS_EMULATION_API Code cuFuncGetAttribute(int* value, int number, void* function) {
  return on_function(function, [&](Function& f) { return function_attribute(f, number, value); });
}

GANAS_EMULATION_API Code cuFuncSetAttribute(void* function, int number, int value) {
  return on_function(function, [&](Function& f) { return set_function_attribute(f, number, value); });
}

GANAS_EMULATION_API Code cuFuncSetCacheConfig(void* function, int) {
  return on_function(function, [](Function&) { return Result::success; });
}

GANAS_EMULATION_API Code cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int block_size,
                                                                      std::size_t dynamic_shared) {
  return on_function(function, [&](Function&) {
    *blocks = blocks_per_multiprocessor(block_size, dynamic_shared);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, void* function, int block_size,
                                                                               std::size_t dynamic_shared, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, block_size, dynamic_shared);
}

GANAS_EMULATION_API Code cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                                        unsigned block_y, unsigned block_z, unsigned dynamic_shared, void* stream,
                                        void** arguments, void** extra) {
  return on_stream(stream, [&] {
    if (!function) return report(Result::invalid_handle, "this is no function");
    if (extra) return report(Result::not_supported, "arguments of a launch in `extra` are not emulated");
    LaunchSize size{{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, dynamic_shared};
    return launch(*static_cast<Function*>(function), size, arguments);
  });
}
