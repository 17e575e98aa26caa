// From CUDA C++ to what a host compiler takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace emulation {

struct FoundKernel {
  std::string name;
  // The first argument of `__launch_bounds__`; empty without.
  std::string max_threads;
};

struct HostSource {
  std::string text;
  std::vector<FoundKernel> kernels;
};

// Takes the output of the preprocessor and
// * finds the kernels: functions with `__global__` that have C linkage, the others have no name to ask for;
// * removes `__global__` and `__launch_bounds__(...)`;
// * makes static shared memory thread-local, and a pointer of `extern __shared__ TYPE NAME[];`.
// Every line stays where it is.
HostSource translate(std::string_view preprocessed);

// What is appended to the translated source: a description of each kernel for the driver.
std::string descriptions(const std::vector<FoundKernel>& kernels);

}  // namespace emulation
