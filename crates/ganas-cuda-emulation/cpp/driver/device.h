// What the emulated device is: a small one of compute capability 9.0.
#pragma once

#include <cstddef>

namespace emulation::device {

constexpr const char* name = "ganas CUDA emulation";
constexpr int capability_major = 9;
constexpr int capability_minor = 0;
constexpr int warp_size = 32;
constexpr int multiprocessors = 8;
constexpr unsigned threads_per_block = 1024;
constexpr unsigned max_block_size[3] = {1024, 1024, 64};
constexpr unsigned max_grid_size[3] = {0x7fffffff, 65535, 65535};
// Without and with cuFuncSetAttribute.
constexpr unsigned shared_per_block = 48 * 1024;
constexpr unsigned shared_per_block_opt_in = 227 * 1024;
constexpr unsigned shared_per_multiprocessor = 228 * 1024;
constexpr int threads_per_multiprocessor = 2048;
constexpr int blocks_per_multiprocessor = 32;
constexpr int registers_per_block = 65536;

}  // namespace emulation::device
