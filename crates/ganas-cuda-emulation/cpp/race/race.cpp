// Launches under ThreadSanitizer.

#include "race.h"

#include <sched.h>

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "../driver/block.h"
#include "../driver/memory.h"

extern "C" const ganas_emulation::Module* ganas_emulation_module();

namespace emulation::race {

namespace {

[[noreturn]] void end(const std::string& why) {
  std::fprintf(stderr, "race check: %s\n", why.c_str());
  // Not exit: it would wait for other threads' reports.
  std::_Exit(3);
}

// The memory lies between guard pages, so an access outside of it ends the program with a report, too.
template <class T>
Argument memory(const std::vector<T>& values) {
  Address address = 0;
  if (values.empty()) return null();
  if (Memory::instance().allocate(values.size() * sizeof(T), &address) != Result::success) end("no memory");
  std::memcpy(reinterpret_cast<void*>(address), values.data(), values.size() * sizeof(T));
  return {address};
}

template <class T>
std::vector<T> different(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<double>(i % 97) / 64.0 - 0.7);
  return values;
}

const Kernel& find(const char* name) {
  const auto* module = ganas_emulation_module();
  for (unsigned i = 0; i < module->kernel_count; ++i) {
    if (std::strcmp(module->kernels[i]->name, name) == 0) return *module->kernels[i];
  }
  end("the source has no kernel `" + std::string(name) + "`");
}

}  // namespace

Argument floats(std::size_t count) { return memory(different<float>(count)); }
Argument doubles(std::size_t count) { return memory(different<double>(count)); }
Argument zeros(std::size_t count) { return memory(std::vector<std::uint32_t>(count)); }
Argument words(std::initializer_list<std::uint32_t> values) { return memory(std::vector<std::uint32_t>(values)); }
Argument null() { return {0}; }
Argument number(std::uint32_t value) { return {value}; }
Argument number(std::uint64_t value) { return {value}; }
Argument number(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
Argument number(double value) { return {std::bit_cast<std::uint64_t>(value)}; }

void launch(const char* name, const Index& grid, const Index& block, unsigned dynamic_shared_size,
            std::vector<Argument> arguments) {
  const Kernel& kernel = find(name);
  if (arguments.size() != kernel.parameter_count) {
    end("`" + std::string(name) + "` has " + std::to_string(kernel.parameter_count) + " parameters, and " +
        std::to_string(arguments.size()) + " arguments are given");
  }
  *ganas_emulation_module()->runtime = &kernel_runtime();
  std::vector<void*> pointers;
  for (auto& argument : arguments) pointers.push_back(&argument.bits);

  // Whose turn it is. ThreadSanitizer does not see this file's own memory, so the turns order nothing for it.
  std::atomic<unsigned> turn{0};
  std::vector<std::thread> threads;
  unsigned blocks = grid.x * grid.y * grid.z;
  for (unsigned number = 0; number < blocks; ++number) {
    threads.emplace_back([&, number] {
      while (turn.load() != number) sched_yield();
      {
        Block running(kernel, pointers.data(), grid, block, Order{}, ganas_emulation_module()->registers());
        Block::current = &running;
        auto& shared = DynamicShared::of_this_thread();
        if (!shared.resize(dynamic_shared_size)) end("the host has no memory for dynamic shared memory");
        shared.poison();
        Index index{number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y};
        if (!running.run(index)) end(running.failure());
        Block::current = nullptr;
      }
      turn.store(number + 1);
    });
  }
  for (auto& thread : threads) thread.join();
  for (unsigned i = 0; i < kernel.parameter_count; ++i) {
    if (!kernel.parameters[i].is_pointer) continue;
    auto allocation = Memory::instance().containing(arguments[i].bits);
    if (allocation && !Memory::intact_margins(*allocation)) {
      end("`" + std::string(name) + "` wrote just outside its argument " + std::to_string(i));
    }
  }
}

}  // namespace emulation::race
