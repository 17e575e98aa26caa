// A launch: the checks of cuLaunchKernel, and the run of all blocks with the traps of the processor caught.
#pragma once

#include "module.h"

namespace emulation {

struct LaunchSize {
  ganas_emulation::Index grid;
  ganas_emulation::Index block;
  unsigned dynamic_shared;
};

// Runs a kernel to its end. On failure the report says which kernel, block and thread did what.
Result launch(Function& function, const LaunchSize& size, void* const* arguments);

}  // namespace emulation
