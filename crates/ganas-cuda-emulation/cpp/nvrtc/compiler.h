// Compiles a CUDA source with the host compiler.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace emulation {

// What a program is made of.
struct Program {
  std::string name;
  std::string source;
  // Name and text of each header that was handed in with the source.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The options of nvrtcCompileProgram that matter to a host compiler, in its own form.
struct Options {
  std::vector<std::string> flags;
  // An option that NVRTC does not have either, or that is not known here; empty if there is none.
  std::string unknown;
};
Options translate_options(const std::vector<std::string>& options);

struct Compilation {
  enum class Outcome { success, bad_source, broken } outcome;
  // What the compiler said, or why it could not be run.
  std::string log;
  std::string image;
};
Compilation compile(const Program& program, const std::vector<std::string>& flags);

}  // namespace emulation
