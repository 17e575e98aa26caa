// The binary interface between a compiled kernel source and the emulated driver that runs it.
//
// A kernel source becomes a shared object of its own. It exports one function, `ganas_emulation_module`, which returns
// a `Module`: what kernels there are, and where the driver writes what the kernels read (`Registers`, `Runtime`).
// Nothing here needs a header of the standard library, because kernel sources must not see one.
#pragma once

namespace ganas_emulation {

// Counts up with every change of this file; the driver refuses other objects.
constexpr unsigned interface_version = 1;

// Laid out as CUDA's `uint3` and `dim3`.
struct Index {
  unsigned x, y, z;
};

// What a kernel reads about its place in the launch. The driver writes it before it lets a thread run.
struct Registers {
  Index thread_index, block_index, block_size, grid_size;
};

// A place in the kernel source, for reports.
struct Place {
  const char* file;
  int line;
};

// What the lanes of a warp do together.
enum class Collective : int { synchronise, shuffle, ballot };

// What kernels ask of the driver.
struct Runtime {
  // `__syncthreads`.
  void (*barrier)(Place place);
  // A collective of the lanes in `mask`. A shuffle returns `value` of the lane `source`, a ballot the bits of the
  // lanes whose `value` is not 0.
  unsigned long long (*collective)(Collective kind, unsigned mask, unsigned long long value, unsigned source, Place place);
  // The block's dynamic shared memory.
  void* (*dynamic_shared)();
  // Ends the launch: a failed `assert`, `__trap`.
  void (*fail)(const char* what, Place place);
};

struct Parameter {
  unsigned size;
  bool is_pointer;
};

struct Kernel {
  const char* name;
  unsigned parameter_count;
  const Parameter* parameters;
  // Of `__launch_bounds__`, or 1024.
  unsigned max_threads;
  // Runs one CUDA thread; `arguments` are those of cuLaunchKernel.
  void (*invoke)(void* const* arguments);
};

struct Module {
  unsigned version;
  unsigned kernel_count;
  const Kernel* const* kernels;
  // The registers of the calling OS thread. They lie among the thread-local variables of the object, the others of
  // which are all static shared memory.
  Registers* (*registers)();
  // Where the driver puts its functions.
  const Runtime** runtime;
};

}  // namespace ganas_emulation
