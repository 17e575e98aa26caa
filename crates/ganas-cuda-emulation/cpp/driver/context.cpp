// Switching between execution contexts: by hand on x86-64, with ucontext elsewhere.

#include "context.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#if GANAS_EMULATION_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
}
#endif

namespace emulation {

namespace {
const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
const std::size_t slot = Stacks::size + page;
#if GANAS_EMULATION_TSAN
// A switch orders nothing: what orders the emulated threads is said where they synchronise.
constexpr unsigned no_synchronisation = 1;
#endif
}  // namespace

#if defined(__x86_64__)

// The System V ABI has six callee-saved registers beside the stack pointer. The control words of the floating-point
// units are the same everywhere, because no kernel changes them. It returns with a jump: the processor predicts returns
// by the calls that it saw, and here the call was another.
extern "C" void ganas_emulation_switch_stack(void** save, void* load);
asm(R"(
.text
.hidden ganas_emulation_switch_stack
.globl ganas_emulation_switch_stack
.type ganas_emulation_switch_stack, @function
ganas_emulation_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
.size ganas_emulation_switch_stack, . - ganas_emulation_switch_stack
)");

void prepare(Context& context, void* stack, std::size_t stack_size, void (*entry)()) {
  // From the top: a return address of null, so that backtraces end; `entry`, which the switch returns to; six
  // registers. At entry the stack pointer is 8 below a multiple of 16, as after a call.
  auto top = reinterpret_cast<std::uintptr_t>(stack) + stack_size;
  auto* word = reinterpret_cast<void**>(top & ~std::uintptr_t{15}) - 1;
  *word = nullptr;
  *--word = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--word = nullptr;
  context.stack_pointer = word;
#if GANAS_EMULATION_TSAN
  context.sanitizer_fiber = __tsan_create_fiber(0);
#endif
}

void switch_context(Context& from, Context& to) {
#if GANAS_EMULATION_TSAN
  __tsan_switch_to_fiber(to.sanitizer_fiber, no_synchronisation);
#endif
  ganas_emulation_switch_stack(&from.stack_pointer, to.stack_pointer);
}

#else

void prepare(Context& context, void* stack, std::size_t stack_size, void (*entry)()) {
  getcontext(&context.state);
  context.state.uc_stack.ss_sp = stack;
  context.state.uc_stack.ss_size = stack_size;
  context.state.uc_link = nullptr;
  makecontext(&context.state, entry, 0);
#if GANAS_EMULATION_TSAN
  context.sanitizer_fiber = __tsan_create_fiber(0);
#endif
}

void switch_context(Context& from, Context& to) {
#if GANAS_EMULATION_TSAN
  __tsan_switch_to_fiber(to.sanitizer_fiber, no_synchronisation);
#endif
  swapcontext(&from.state, &to.state);
}

#endif

void adopt_current([[maybe_unused]] Context& context) {
#if GANAS_EMULATION_TSAN
  context.sanitizer_fiber = __tsan_get_current_fiber();
#endif
}

void discard([[maybe_unused]] Context& context) {
#if GANAS_EMULATION_TSAN
  if (context.sanitizer_fiber) __tsan_destroy_fiber(context.sanitizer_fiber);
  context.sanitizer_fiber = nullptr;
#endif
}

Stacks::~Stacks() {
  if (base_) munmap(base_, capacity * slot);
}

void* Stacks::at(std::size_t index) {
  if (!base_) {
    // Reserved as inaccessible; only the stacks in use are made accessible, and only touched pages take memory.
    void* memory = mmap(nullptr, capacity * slot, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    base_ = static_cast<unsigned char*>(memory);
  }
  for (; mapped_ <= index; ++mapped_) {
    if (mprotect(base_ + mapped_ * slot + page, size, PROT_READ | PROT_WRITE) != 0) return nullptr;
  }
  return base_ + index * slot + page;
}

bool Stacks::guards(const void* address) const {
  auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(base_);
  return base_ && offset < capacity * slot && offset % slot < page;
}

}  // namespace emulation
