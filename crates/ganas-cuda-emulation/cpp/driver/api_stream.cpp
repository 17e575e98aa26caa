// The driver API: streams and events. All work is done at once, in the order of the calls.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "api.h"

using namespace emulation;

namespace {

using Clock = std::chrono::steady_clock;

// What a handle points to; the addresses are never read.
struct Stream {};

std::mutex mutex;
std::set<const void*> streams;
// The events, with the time when they were recorded.
std::map<void*, std::optional<Clock::time_point>> events;

// The handles of the two default streams that have fixed values.
bool is_default(const void* stream) {
  auto value = reinterpret_cast<std::uintptr_t>(stream);
  return value <= 2;
}

Result create_stream(void** stream) {
  std::lock_guard lock(mutex);
  *stream = new Stream;
  streams.insert(*stream);
  return Result::success;
}

Result no_event() { return report(Result::invalid_handle, "this is no event, or it is destroyed"); }

}  // namespace

Result emulation::require_stream(const void* stream) {
  std::lock_guard lock(mutex);
  if (is_default(stream) || streams.contains(stream)) return Result::success;
  return report(Result::invalid_handle, "this is no stream, or it is destroyed");
}

GANAS_EMULATION_API Code cuStreamCreate(void** stream, unsigned) {
  return with_context([&] { return create_stream(stream); });
}

GANAS_EMULATION_API Code cuStreamCreateWithPriority(void** stream, unsigned, int) {
  return with_context([&] { return create_stream(stream); });
}

GANAS_EMULATION_API Code cuStreamDestroy_v2(void* stream) {
  return on_stream(stream, [&] {
    std::lock_guard lock(mutex);
    if (streams.erase(stream) == 0) return report(Result::invalid_handle, "a default stream cannot be destroyed");
    delete static_cast<Stream*>(stream);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuStreamSynchronize(void* stream) {
  return on_stream(stream, [] { return Result::success; });
}

GANAS_EMULATION_API Code cuStreamQuery(void* stream) {
  return on_stream(stream, [] { return Result::success; });
}

GANAS_EMULATION_API Code cuStreamWaitEvent(void* stream, void* event, unsigned) {
  return on_stream(stream, [&] {
    std::lock_guard lock(mutex);
    return events.contains(event) ? Result::success : no_event();
  });
}

// Nothing is ever captured, see cuStreamBeginCapture_v2.
GANAS_EMULATION_API Code cuStreamIsCapturing(void* stream, int* status) {
  return on_stream(stream, [&] {
    *status = 0;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  return on_stream(stream, [&] {
    function(data);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuEventCreate(void** event, unsigned) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    *event = new Stream;
    events[*event] = std::nullopt;
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuEventDestroy_v2(void* event) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    if (events.erase(event) == 0) return no_event();
    delete static_cast<Stream*>(event);
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuEventRecord(void* event, void* stream) {
  return on_stream(stream, [&] {
    std::lock_guard lock(mutex);
    auto found = events.find(event);
    if (found == events.end()) return no_event();
    found->second = Clock::now();
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuEventSynchronize(void* event) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    return events.contains(event) ? Result::success : no_event();
  });
}

GANAS_EMULATION_API Code cuEventQuery(void* event) { return cuEventSynchronize(event); }

// In milliseconds.
GANAS_EMULATION_API Code cuEventElapsedTime_v2(float* elapsed, void* from, void* to) {
  return with_context([&] {
    std::lock_guard lock(mutex);
    auto start = events.find(from);
    auto end = events.find(to);
    if (start == events.end() || end == events.end()) return no_event();
    if (!start->second || !end->second) return report(Result::invalid_handle, "an event was never recorded");
    *elapsed = std::chrono::duration<float, std::milli>(*end->second - *start->second).count();
    return Result::success;
  });
}

GANAS_EMULATION_API Code cuEventElapsedTime(float* elapsed, void* from, void* to) {
  return cuEventElapsedTime_v2(elapsed, from, to);
}
