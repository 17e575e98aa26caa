// Images that the emulated NVRTC made, loaded as shared objects.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../kernel/interface.h"
#include "result.h"

namespace emulation {

class LoadedModule;

// A kernel of a loaded module: what CUfunction points to.
struct Function {
  LoadedModule* module;
  const ganas_emulation::Kernel* kernel;
  // How much dynamic shared memory a launch may ask for; cuFuncSetAttribute raises it.
  unsigned max_dynamic_shared;
};

class LoadedModule {
 public:
  // Loads an image; on failure the report says what is wrong with it.
  static Result load(const void* image, std::unique_ptr<LoadedModule>& module);
  ~LoadedModule();

  Function* function(std::string_view name);
  const ganas_emulation::Module& table() const { return *table_; }

  // Fills the static shared memory with NaN: all thread-local variables of the object on this OS thread.
  void poison_static_shared();

  // The place in the kernel source of an instruction of this module, or why it is not known; empty if the address
  // belongs to something else.
  std::string place_of(const void* instruction) const;

 private:
  LoadedModule() = default;

  void* library_ = nullptr;
  const ganas_emulation::Module* table_ = nullptr;
  std::vector<unsigned char> object_;
  // A deque, because functions are pointed to.
  std::deque<Function> functions_;
};

// Writes bytes into a new temporary file; returns its path, or nothing if that fails.
std::string write_temporary(const void* bytes, std::size_t size);

}  // namespace emulation
