// The translation of the emulated NVRTC as a program: preprocessed CUDA C++ in, C++ for the host out.

#include <iostream>
#include <iterator>
#include <string>

#include "../nvrtc/source.h"

int main() {
  std::string preprocessed(std::istreambuf_iterator<char>(std::cin), {});
  auto host = emulation::translate(preprocessed);
  std::cout << host.text << emulation::descriptions(host.kernels);
  return std::cout.flush() ? 0 : 1;
}
