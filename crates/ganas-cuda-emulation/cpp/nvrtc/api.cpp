// The functions of NVRTC.

#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "compiler.h"

#define GANAS_EMULATION_API extern "C" __attribute__((visibility("default")))

using namespace emulation;

namespace {

enum Result : int {
  success = 0,
  invalid_input = 3,
  invalid_program = 4,
  invalid_option = 5,
  compilation_error = 6,
  internal_error = 11,
};

struct ProgramState {
  Program program;
  bool is_compiled = false;
  std::string log;
  std::string image;
};

std::mutex mutex;
// Never destroyed: a program may be destroyed while the process ends.
auto& programs = *new std::set<ProgramState*>;

ProgramState* find(void* handle) {
  std::lock_guard lock(mutex);
  auto* state = static_cast<ProgramState*>(handle);
  return programs.contains(state) ? state : nullptr;
}

template <class Body>
Result on_program(void* handle, Body body) {
  ProgramState* state = find(handle);
  if (!state) return invalid_program;
  try {
    return body(*state);
  } catch (const std::exception& error) {
    state->log = std::string("the emulation itself failed: ") + error.what();
    return internal_error;
  }
}

Result compile_program(ProgramState& state, const std::vector<std::string>& given) {
  Options options = translate_options(given);
  if (!options.unknown.empty()) {
    state.log = "the emulated NVRTC does not know the option " + options.unknown;
    return invalid_option;
  }
  // Programs with the same source would otherwise be compiled at the same time.
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  Compilation compilation = compile(state.program, options.flags);
  state.log = compilation.log;
  state.image = compilation.image;
  state.is_compiled = compilation.outcome == Compilation::Outcome::success;
  switch (compilation.outcome) {
    case Compilation::Outcome::success: return success;
    case Compilation::Outcome::bad_source: return compilation_error;
    case Compilation::Outcome::broken: break;
  }
  return internal_error;
}

}  // namespace

GANAS_EMULATION_API Result nvrtcVersion(int* major, int* minor) {
  *major = 12;
  *minor = 8;
  return success;
}

GANAS_EMULATION_API const char* nvrtcGetErrorString(int result) {
  switch (result) {
    case 0: return "NVRTC_SUCCESS";
    case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 2: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case 3: return "NVRTC_ERROR_INVALID_INPUT";
    case 4: return "NVRTC_ERROR_INVALID_PROGRAM";
    case 5: return "NVRTC_ERROR_INVALID_OPTION";
    case 6: return "NVRTC_ERROR_COMPILATION";
    case 7: return "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE";
    case 11: return "NVRTC_ERROR_INTERNAL_ERROR";
    default: return "NVRTC_ERROR unknown";
  }
}

namespace {
constexpr int architectures[] = {75, 80, 86, 89, 90};
}

GANAS_EMULATION_API Result nvrtcGetNumSupportedArchs(int* count) {
  *count = sizeof architectures / sizeof architectures[0];
  return success;
}

GANAS_EMULATION_API Result nvrtcGetSupportedArchs(int* values) {
  std::memcpy(values, architectures, sizeof architectures);
  return success;
}

GANAS_EMULATION_API Result nvrtcCreateProgram(void** handle, const char* source, const char* name, int header_count,
                                              const char* const* headers, const char* const* header_names) {
  if (!handle || !source || header_count < 0 || (header_count > 0 && (!headers || !header_names))) return invalid_input;
  auto* state = new ProgramState;
  state->program.source = source;
  state->program.name = name && *name ? name : "default_program";
  for (int i = 0; i < header_count; ++i) state->program.headers.emplace_back(header_names[i], headers[i]);
  std::lock_guard lock(mutex);
  programs.insert(state);
  *handle = state;
  return success;
}

GANAS_EMULATION_API Result nvrtcDestroyProgram(void** handle) {
  if (!handle) return invalid_program;
  std::lock_guard lock(mutex);
  auto* state = static_cast<ProgramState*>(*handle);
  if (programs.erase(state) == 0) return invalid_program;
  delete state;
  *handle = nullptr;
  return success;
}

GANAS_EMULATION_API Result nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  if (count < 0 || (count > 0 && !options)) return invalid_input;
  return on_program(handle, [&](ProgramState& state) {
    return compile_program(state, std::vector<std::string>(options, options + count));
  });
}

// With the null at the end.
GANAS_EMULATION_API Result nvrtcGetProgramLogSize(void* handle, std::size_t* size) {
  return on_program(handle, [&](ProgramState& state) {
    *size = state.log.size() + 1;
    return success;
  });
}

GANAS_EMULATION_API Result nvrtcGetProgramLog(void* handle, char* log) {
  return on_program(handle, [&](ProgramState& state) {
    std::memcpy(log, state.log.c_str(), state.log.size() + 1);
    return success;
  });
}

// PTX and CUBIN are the same image here, which only the emulated driver loads.
GANAS_EMULATION_API Result nvrtcGetPTXSize(void* handle, std::size_t* size) {
  return on_program(handle, [&](ProgramState& state) {
    if (!state.is_compiled) return invalid_program;
    *size = state.image.size() + 1;
    return success;
  });
}

GANAS_EMULATION_API Result nvrtcGetPTX(void* handle, char* image) {
  return on_program(handle, [&](ProgramState& state) {
    if (!state.is_compiled) return invalid_program;
    std::memcpy(image, state.image.c_str(), state.image.size() + 1);
    return success;
  });
}

GANAS_EMULATION_API Result nvrtcGetCUBINSize(void* handle, std::size_t* size) { return nvrtcGetPTXSize(handle, size); }
GANAS_EMULATION_API Result nvrtcGetCUBIN(void* handle, char* image) { return nvrtcGetPTX(handle, image); }
