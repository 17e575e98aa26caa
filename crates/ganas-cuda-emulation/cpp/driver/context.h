// Execution contexts: a stack and a place to go on. The emulated threads of a block are such contexts.
//
// Compiled with GANAS_EMULATION_TSAN, which only the race check does, it tells ThreadSanitizer of every switch. The
// scheduler itself must not be instrumented then: it works for all threads, and would look like a race.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if !defined(GANAS_EMULATION_TSAN)
#define GANAS_EMULATION_TSAN 0
#endif

namespace emulation {

struct Context {
#if defined(__x86_64__)
  // Where the callee-saved registers lie; the return address is above them.
  void* stack_pointer = nullptr;
#else
  ucontext_t state;
#endif
#if GANAS_EMULATION_TSAN
  void* sanitizer_fiber = nullptr;
#endif
};

// Makes a context of which the first switch calls `entry`. `entry` must never return.
void prepare(Context& context, void* stack, std::size_t stack_size, void (*entry)());

// Goes on in `to`; returns when something switches to `from`.
void switch_context(Context& from, Context& to);

// Registers the calling thread's own stack as a context to switch from.
void adopt_current(Context& context);

// Forgets a prepared context, in which nothing runs.
void discard(Context& context);

// The stacks of a launch: as many as are needed at once, with a guard page below each, reused by the next launch.
class Stacks {
 public:
  static constexpr std::size_t size = 128 * 1024;

  Stacks() = default;
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;
  ~Stacks();

  // The lowest usable byte of a stack; maps it first if need be. Null without memory.
  void* at(std::size_t index);
  // Whether the address lies in a guard page.
  bool guards(const void* address) const;

 private:
  // Enough for the largest block.
  static constexpr std::size_t capacity = 1024;
  unsigned char* base_ = nullptr;
  std::size_t mapped_ = 0;
};

}  // namespace emulation
