// What the functions of the driver API have in common: handles, and the state that each call needs.
#pragma once

#include <cstddef>
#include <exception>
#include <string>

#include "result.h"

// The functions are found by their names in the shared object.
#define GANAS_EMULATION_API extern "C" __attribute__((visibility("default")))

namespace emulation {

using Code = int;

inline Code code(Result result) { return static_cast<Code>(result); }

// An error unless cuInit was called, and the calling thread has a current context.
Result require_context();

// An error unless the handle is a live stream or null, which is the default stream.
Result require_stream(const void* stream);

// Runs the body of a function of the API: no exception may cross into the caller.
template <class Body>
Code guarded(Body body) {
  try {
    return code(body());
  } catch (const std::exception& error) {
    return code(report(Result::operating_system, std::string("the emulation itself failed: ") + error.what()));
  }
}

// The same, for functions that need a context.
template <class Body>
Code with_context(Body body) {
  return guarded([&] {
    Result result = require_context();
    return result == Result::success ? body() : result;
  });
}

// The same, for functions that are given a stream.
template <class Body>
Code on_stream(const void* stream, Body body) {
  return with_context([&] {
    Result result = require_stream(stream);
    return result == Result::success ? body() : result;
  });
}

}  // namespace emulation
