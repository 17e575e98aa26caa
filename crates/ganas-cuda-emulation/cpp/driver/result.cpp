// Names and texts of the result codes, and the reports.

#include "result.h"

#include <cstdio>
#include <iterator>

namespace emulation {

namespace {

struct Description {
  Result code;
  const char* name;
  const char* text;
};

constexpr Description descriptions[] = {
    {Result::success, "CUDA_SUCCESS", "no error"},
    {Result::invalid_value, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {Result::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {Result::not_initialised, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {Result::invalid_device, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {Result::invalid_image, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {Result::invalid_context, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {Result::unsupported_ptx, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {Result::file_not_found, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {Result::operating_system, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {Result::invalid_handle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {Result::not_found, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {Result::not_ready, "CUDA_ERROR_NOT_READY", "device not ready"},
    {Result::illegal_address, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {Result::launch_failed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {Result::not_supported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
};

const Description* find(int code) {
  for (const auto& description : descriptions) {
    if (static_cast<int>(description.code) == code) return &description;
  }
  return nullptr;
}

struct LastReport {
  bool is_there = false;
  std::string text;
};
thread_local LastReport last;

}  // namespace

const char* result_name(int code) {
  const auto* found = find(code);
  return found ? found->name : nullptr;
}

const char* result_text(int code) {
  const auto* found = find(code);
  return found ? found->text : nullptr;
}

Result report(Result code, const std::string& text) {
  last = {true, text};
  std::fprintf(stderr, "CUDA emulation: %s: %s\n", result_name(static_cast<int>(code)), text.c_str());
  return code;
}

const char* last_report() { return last.is_there ? last.text.c_str() : nullptr; }

void clear_report() { last = {}; }

}  // namespace emulation
