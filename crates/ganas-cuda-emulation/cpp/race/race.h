// Launches of kernels under ThreadSanitizer. `cargo xtask kernels race` writes a program that calls these functions.
//
// Each thread of a block is a fiber that ThreadSanitizer knows, and only barriers and __syncwarp order their memory.
// Each block runs on an OS thread of its own, one after another, without anything that orders blocks: a conflict between
// blocks is a race, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "../kernel/interface.h"

namespace emulation::race {

// The value of a parameter.
struct Argument {
  std::uint64_t bits;
};

// Device memory with numbers that differ, which stays until the program ends.
Argument floats(std::size_t count);
Argument doubles(std::size_t count);
// Device memory of 32-bit integers: all 0, or the given ones.
Argument zeros(std::size_t count);
Argument words(std::initializer_list<std::uint32_t> values);

Argument null();
Argument number(std::uint32_t value);
Argument number(std::uint64_t value);
Argument number(float value);
Argument number(double value);

// Runs a kernel to its end. Ends the program if there is no such kernel or a thread does something wrong.
void launch(const char* kernel, const ganas_emulation::Index& grid, const ganas_emulation::Index& block,
            unsigned dynamic_shared, std::vector<Argument> arguments);

}  // namespace emulation::race
