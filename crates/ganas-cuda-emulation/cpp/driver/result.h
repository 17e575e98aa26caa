// The result codes of the driver API that the emulation returns, and the report that explains the last one.
#pragma once

#include <string>

namespace emulation {

enum class Result : int {
  success = 0,
  invalid_value = 1,
  out_of_memory = 2,
  not_initialised = 3,
  invalid_device = 101,
  invalid_image = 200,
  invalid_context = 201,
  unsupported_ptx = 222,
  file_not_found = 301,
  operating_system = 304,
  invalid_handle = 400,
  not_found = 500,
  not_ready = 600,
  illegal_address = 700,
  launch_failed = 719,
  not_supported = 801,
};

// The name and the text that the real driver has for a code; null for a code that there is not.
const char* result_name(int code);
const char* result_text(int code);

// Keeps the text as the calling thread's report, prints it, and returns the code.
Result report(Result code, const std::string& text);

// The last report of the calling thread; null if there is none.
const char* last_report();
void clear_report();

}  // namespace emulation
