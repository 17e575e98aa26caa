// The threads of one block: who runs, who waits for whom, and what is wrong with that.
//
// The threads take turns on one OS thread. A thread runs until it waits at a barrier, waits for lanes of its warp, or
// returns. Threads that never wait need no stack of their own: a worker (a context with a stack) runs one thread after
// another, and only when one of them waits does the next worker take over. A kernel without barriers is thus a plain
// loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../kernel/interface.h"
#include "context.h"
#include "order.h"

namespace emulation {

using ganas_emulation::Collective;
using ganas_emulation::Index;
using ganas_emulation::Kernel;
using ganas_emulation::Place;
using ganas_emulation::Registers;

std::string describe(const Index& index);
std::string describe(const Place& place);

class Block {
 public:
  // `order` is that of the threads; `registers` are those of the kernel's object on this OS thread.
  Block(const Kernel& kernel, void* const* arguments, const Index& grid_size, const Index& block_size, Order order,
        Registers* registers);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Runs the block to its end; false if a thread did something wrong, see `failure`.
  bool run(const Index& block_index);
  const std::string& failure() const { return failure_; }
  // Whether any thread has waited so far.
  bool has_waited() const { return has_waited_; }

  // The block and the thread that run now, for reports.
  std::string describe_current() const;
  bool is_guard_page(const void* address) const { return stacks().guards(address); }

  // Called by the running thread, on its stack.
  void barrier(Place place);
  unsigned long long collective(Collective kind, unsigned mask, unsigned long long value, unsigned source, Place place);
  [[noreturn]] void fail(const std::string& what);

  // The block that the calling OS thread runs; null outside a launch.
  static thread_local Block* current;

 private:
  enum class State : unsigned char { not_started, ready, at_barrier, at_collective, returned };

  struct Worker;

  struct Thread {
    Index index;
    // Where it runs; null before it starts.
    Worker* worker;
    // Where it waits.
    Place place;
    // The collective that it waits in.
    Collective kind;
    unsigned mask, source;
    unsigned long long value, result;
  };

  struct Worker {
    Context context;
  };

  // Which lanes of a warp wait in a collective, and which have returned, as bits.
  struct Warp {
    unsigned at_collective;
    unsigned returned;
  };

  static Stacks& stacks();
  static void work();
  Context& next();
  Worker* idle_worker();
  Worker* new_worker();
  void run_thread(Worker* worker, unsigned number);
  void wait(State state);
  void release_barrier();
  bool collective_is_complete(unsigned lane);
  void require_same_collective(unsigned lane, unsigned other);
  void finish_collective(unsigned mask);
  std::string describe_collective() const;
  std::string describe_waiting() const;

  const Kernel& kernel_;
  void* const* arguments_;
  Order order_;
  Random random_;
  Registers* registers_;
  Registers initial_;

  std::vector<Thread> threads_;
  // Apart from the threads, because the scheduler looks at nothing else.
  std::vector<State> states_;
  std::vector<Warp> warps_;
  // The order of the threads.
  std::vector<unsigned> positions_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  // The worker that `next` chose last for threads that have not started.
  Worker* starting_ = nullptr;
  Context scheduler_;

  // How many threads of `positions_` have started.
  unsigned started_ = 0;
  // The position that is looked at next in this pass over all threads, and whether the pass found one to run.
  unsigned pass_position_ = 0;
  bool pass_found_any_ = false;
  unsigned running_ = 0;
  unsigned returned_ = 0;
  unsigned at_barrier_ = 0;
  // What ThreadSanitizer knows the barriers by: in turn, because fast threads are at the next barrier before slow ones
  // have left this one.
  unsigned barriers_passed_ = 0;
  char barrier_tags_[2] = {};
  Place barrier_place_{};
  bool has_waited_ = false;
  std::string failure_;
};

// The dynamic shared memory of the blocks that the calling OS thread runs. It ends at a guard page, apart from at most
// 15 bytes, because it is aligned to 16 bytes.
class DynamicShared {
 public:
  static DynamicShared& of_this_thread();
  ~DynamicShared();

  // For blocks with so many bytes; false without memory.
  bool resize(std::size_t bytes);
  // Fills it with NaN.
  void poison();
  void* start() const { return start_; }
  // Whether the address is in the guard page.
  bool guards(const void* address) const;

 private:
  unsigned char* mapping_ = nullptr;
  unsigned char* start_ = nullptr;
};

// What kernels call.
const ganas_emulation::Runtime& kernel_runtime();

}  // namespace emulation
