// Launches.

#include "execution.h"

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "block.h"
#include "device.h"
#include "memory.h"

namespace emulation {

namespace {

// ---- Traps of the processor ----

struct Trap {
  int signal;
  const void* address;
  const void* instruction;
  // Known on x86-64 only.
  bool is_write;
};

// Where a trap returns to; null outside a launch.
thread_local sigjmp_buf* landing = nullptr;
thread_local Trap trap;

constexpr int trapped_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction previous_actions[65];

void on_signal(int signal, siginfo_t* info, void* context) {
  if (!landing) {
    // Not ours: as if there were no emulation. The instruction is run again under the earlier handler.
    sigaction(signal, &previous_actions[signal], nullptr);
    return;
  }
  trap = {signal, info->si_addr, nullptr, false};
#if defined(__x86_64__)
  const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  trap.instruction = reinterpret_cast<const void*>(registers[REG_RIP]);
  trap.is_write = registers[REG_ERR] & 2;
#elif defined(__aarch64__)
  trap.instruction = reinterpret_cast<const void*>(static_cast<ucontext_t*>(context)->uc_mcontext.pc);
#else
  (void)context;
#endif
  sigjmp_buf* target = landing;
  landing = nullptr;
  siglongjmp(*target, 1);
}

void catch_signals() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (int signal : trapped_signals) sigaction(signal, &action, &previous_actions[signal]);
  });
}

// A stack for the handler, for threads that have none: a trap may come of an exhausted stack.
class SignalStack {
 public:
  SignalStack() {
    stack_t current;
    if (sigaltstack(nullptr, &current) != 0 || !(current.ss_flags & SS_DISABLE)) return;
    stack_t own{};
    own.ss_sp = memory_;
    own.ss_size = sizeof memory_;
    installed_ = sigaltstack(&own, nullptr) == 0;
  }
  ~SignalStack() {
    if (!installed_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }

 private:
  alignas(16) unsigned char memory_[64 * 1024];
  bool installed_ = false;
};

std::string describe_trap(const Trap& trap, const Block& block, const LoadedModule& module) {
  auto place = module.place_of(trap.instruction);
  // A function of the C library, such as memcpy, has no place in the source.
  std::string at = place.empty() ? std::string(" outside the kernel's own code") : " at " + place;
  switch (trap.signal) {
    case SIGFPE: return "integer division by zero" + at;
    case SIGILL: return "an instruction that the compiler put where the code must not come" + at;
    case SIGBUS: return "misaligned or unmapped memory" + at;
    default: break;
  }
  if (block.is_guard_page(trap.address)) return "the local variables need more stack than the emulation has" + at;
  std::string access = std::string("out-of-bounds ") + (trap.is_write ? "write" : "read") + at + ": ";
  if (DynamicShared::of_this_thread().guards(trap.address)) return access + "past the end of the dynamic shared memory";
  return access + Memory::instance().describe(reinterpret_cast<Address>(trap.address));
}

// ---- Checks ----

// Reads bytes that may not be there at all, because arguments are missing. The caller catches traps.
std::uint64_t read_bits(const void* from, unsigned size) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, size < sizeof bits ? size : sizeof bits);
  return bits;
}

std::string argument_name(const Kernel& kernel, unsigned position) {
  return "kernel `" + std::string(kernel.name) + "`: argument " + std::to_string(position) + " of " +
         std::to_string(kernel.parameter_count);
}

std::string check_argument(const Kernel& kernel, unsigned position, const void* argument) {
  const auto& parameter = kernel.parameters[position];
  auto& memory = Memory::instance();
  if (!argument) return argument_name(kernel, position) + " is missing";
  if (parameter.is_pointer) {
    Address address = read_bits(argument, sizeof address);
    if (address != 0 && !memory.containing(address)) {
      return argument_name(kernel, position) + " is a pointer, but what is passed is " + memory.describe(address) +
             "; are the arguments in the kernel's order, and is the memory still allocated?";
    }
  } else if (parameter.size == 4) {
    // An address of device memory never is the bits of a number and its neighbour by chance.
    Address address = read_bits(argument, sizeof address);
    if (address != 0 && memory.containing(address)) {
      return argument_name(kernel, position) + " is a number of 4 bytes, but a pointer is passed";
    }
  }
  return {};
}

Result check_size(const Function& function, const LaunchSize& size) {
  std::string kernel = "kernel `" + std::string(function.kernel->name) + "`: ";
  const unsigned* blocks = &size.grid.x;
  const unsigned* threads = &size.block.x;
  for (int axis = 0; axis < 3; ++axis) {
    if (blocks[axis] == 0 || blocks[axis] > device::max_grid_size[axis]) {
      return report(Result::invalid_value, kernel + "the grid " + describe(size.grid) + " is empty or too large");
    }
    if (threads[axis] == 0 || threads[axis] > device::max_block_size[axis]) {
      return report(Result::invalid_value, kernel + "the block " + describe(size.block) + " is empty or too large");
    }
  }
  auto count = std::uint64_t{size.block.x} * size.block.y * size.block.z;
  if (count > function.kernel->max_threads) {
    return report(Result::invalid_value, kernel + "a block has " + std::to_string(count) + " threads, but at most " +
                                             std::to_string(function.kernel->max_threads) + " are allowed");
  }
  if (size.dynamic_shared > function.max_dynamic_shared) {
    return report(Result::invalid_value,
                  kernel + std::to_string(size.dynamic_shared) + " bytes of dynamic shared memory, but at most " +
                      std::to_string(function.max_dynamic_shared) + " are allowed (cuFuncSetAttribute raises that)");
  }
  return Result::success;
}

// Whether the kernel wrote just outside the memory that it was given.
Result check_margins(const Kernel& kernel, void* const* arguments) {
  for (unsigned i = 0; i < kernel.parameter_count; ++i) {
    if (!kernel.parameters[i].is_pointer) continue;
    auto allocation = Memory::instance().containing(read_bits(arguments[i], sizeof(Address)));
    if (!allocation || Memory::intact_margins(*allocation)) continue;
    return report(Result::illegal_address, argument_name(kernel, i) + ": out-of-bounds write just outside its " +
                                               std::to_string(allocation->size) + " bytes");
  }
  return Result::success;
}

// ---- The run ----

// What a launch holds; on the heap, because a trap must not leave half of it in registers.
struct Running {
  Function& function;
  const LaunchSize& size;
  void* const* arguments;
  std::unique_ptr<Block> block;
  // The argument that is read, for the case that it cannot be.
  unsigned argument = 0;
};

std::string run_blocks(Running& running) {
  const Kernel& kernel = *running.function.kernel;
  for (; running.argument < kernel.parameter_count; ++running.argument) {
    auto problem = check_argument(kernel, running.argument, running.arguments[running.argument]);
    if (!problem.empty()) return problem;
  }
  const Index& grid = running.size.grid;
  Order order = current_order();
  auto* registers = running.function.module->table().registers();
  running.block = std::make_unique<Block>(kernel, running.arguments, grid, running.size.block, order, registers);
  Block& block = *running.block;
  Block::current = &block;
  auto& shared = DynamicShared::of_this_thread();
  if (!shared.resize(running.size.dynamic_shared)) return "the host has no memory for dynamic shared memory";
  auto run_block = [&](unsigned x, unsigned y, unsigned z, bool is_first) {
    // A kernel of which no thread has waited yet shares nothing.
    if (is_first || block.has_waited()) {
      running.function.module->poison_static_shared();
      shared.poison();
    }
    return block.run({x, y, z});
  };
  // Planes and rows of the grid in their order, the blocks of a row in the order that is asked for.
  Random random(order.seed);
  std::vector<unsigned> row;
  bool is_first = true;
  for (unsigned k = 0; k < grid.z; ++k) {
    unsigned z = order.kind == Order::Kind::descending ? grid.z - 1 - k : k;
    for (unsigned j = 0; j < grid.y; ++j) {
      unsigned y = order.kind == Order::Kind::descending ? grid.y - 1 - j : j;
      arrange(row, grid.x, order.kind, random);
      for (unsigned x : row) {
        if (!run_block(x, y, z, is_first)) return block.failure();
        is_first = false;
      }
    }
  }
  return {};
}

}  // namespace

Result launch(Function& function, const LaunchSize& size, void* const* arguments) {
  if (Result result = check_size(function, size); result != Result::success) return result;
  if (function.kernel->parameter_count > 0 && !arguments) {
    return report(Result::invalid_value, argument_name(*function.kernel, 0) + " is missing");
  }
  catch_signals();
  auto signal_stack = std::make_unique<SignalStack>();
  auto running = std::make_unique<Running>(Running{function, size, arguments, nullptr});
  // volatile: it keeps its value over the jump.
  Running* volatile state = running.get();
  sigjmp_buf buffer;
  Result result = Result::success;
  if (sigsetjmp(buffer, 1) == 0) {
    landing = &buffer;
    std::string failure = run_blocks(*state);
    landing = nullptr;
    if (!failure.empty()) {
      bool in_arguments = !state->block;
      result = report(in_arguments ? Result::invalid_value : Result::launch_failed, failure);
    } else {
      result = check_margins(*function.kernel, arguments);
    }
  } else if (!state->block) {
    result = report(Result::invalid_value, argument_name(*state->function.kernel, state->argument) +
                                               " cannot be read; are arguments missing?");
  } else {
    const Block& block = *state->block;
    result = report(trap.signal == SIGFPE ? Result::launch_failed : Result::illegal_address,
                    block.describe_current() + ": " + describe_trap(trap, block, *state->function.module));
  }
  Block::current = nullptr;
  return result;
}

}  // namespace emulation
