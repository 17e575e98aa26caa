// The scheduler of a block's threads.

#include "block.h"

#include <map>
#include <utility>

#if GANAS_EMULATION_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace emulation {

namespace {

// What orders memory between emulated threads, for ThreadSanitizer.
void release([[maybe_unused]] void* address) {
#if GANAS_EMULATION_TSAN
  __tsan_release(address);
#endif
}
void acquire([[maybe_unused]] void* address) {
#if GANAS_EMULATION_TSAN
  __tsan_acquire(address);
#endif
}

constexpr unsigned warp_size = 32;

const char* name(Collective kind) {
  switch (kind) {
    case Collective::synchronise: return "__syncwarp";
    case Collective::shuffle: return "a shuffle";
    case Collective::ballot: return "a vote";
  }
  return "a collective";
}

}  // namespace

thread_local Block* Block::current = nullptr;

std::string describe(const Index& index) {
  return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) + ")";
}

std::string describe(const Place& place) { return std::string(place.file) + ":" + std::to_string(place.line); }

Block::Block(const Kernel& kernel, void* const* arguments, const Index& grid_size, const Index& block_size, Order order,
             Registers* registers)
    : kernel_(kernel),
      arguments_(arguments),
      order_(order),
      random_(order.seed),
      registers_(registers),
      initial_{{0, 0, 0}, {0, 0, 0}, block_size, grid_size},
      threads_(std::size_t{block_size.x} * block_size.y * block_size.z) {
  unsigned number = 0;
  for (unsigned z = 0; z < block_size.z; ++z)
    for (unsigned y = 0; y < block_size.y; ++y)
      for (unsigned x = 0; x < block_size.x; ++x) threads_[number++].index = {x, y, z};
  arrange(positions_, number, order.kind, random_);
  adopt_current(scheduler_);
}

Block::~Block() {
  for (auto& worker : workers_) discard(worker->context);
}

Stacks& Block::stacks() {
  static thread_local Stacks stacks;
  return stacks;
}

bool Block::run(const Index& block_index) {
  initial_.block_index = block_index;
  *registers_ = initial_;
  started_ = returned_ = at_barrier_ = 0;
  for (auto& thread : threads_) thread.state = State::not_started;
  // What the scheduler did before (a launch, the block before this one) comes before all that the threads do.
  release(&scheduler_);
  start_threads();
  while (failure_.empty() && returned_ < threads_.size()) run_ready_threads();
  acquire(&returned_);
  return failure_.empty();
}

void Block::start_threads() {
  while (failure_.empty() && started_ < threads_.size()) {
    Worker* worker = idle_worker();
    if (!worker) {
      failure_ = "the host has no memory for the stacks of the threads";
      return;
    }
    worker->idle = false;
    switch_context(scheduler_, worker->context);
  }
}

Block::Worker* Block::idle_worker() {
  if (!idle_.empty()) {
    Worker* worker = idle_.back();
    idle_.pop_back();
    return worker;
  }
  void* stack = stacks().at(workers_.size());
  if (!stack) return nullptr;
  auto worker = std::make_unique<Worker>();
  prepare(worker->context, stack, Stacks::size, work);
  workers_.push_back(std::move(worker));
  return workers_.back().get();
}

// What a worker does: it runs threads that have not started yet, and is idle when there are none.
void Block::work() {
  // The worker that runs first on this stack stays its owner.
  Block& block = *current;
  Worker* self = block.workers_.back().get();
  for (;;) {
    while (block.started_ < block.threads_.size()) {
      block.run_thread(self, block.positions_[block.started_++]);
      // ThreadSanitizer takes what happens in one context for ordered, so there each thread has its own.
      if (GANAS_EMULATION_TSAN) break;
    }
    self->idle = true;
    block.idle_.push_back(self);
    switch_context(self->context, block.scheduler_);
  }
}

void Block::run_thread(Worker* worker, unsigned number) {
  Thread& self = threads_[number];
  self.worker = worker;
  self.state = State::ready;
  running_ = number;
  registers_->thread_index = self.index;
  acquire(&scheduler_);
  kernel_.invoke(arguments_);
  release(&returned_);
  self.state = State::returned;
  ++returned_;
  if (at_barrier_ > 0) {
    fail("it returned while " + std::to_string(at_barrier_) + " threads of the block wait in __syncthreads at " +
         describe(barrier_place_));
  }
}

void Block::run_ready_threads() {
  if (order_.kind == Order::Kind::shuffled) shuffle(positions_, random_);
  bool any = false;
  for (unsigned number : positions_) {
    if (threads_[number].state != State::ready) continue;
    any = true;
    resume(number);
    if (!failure_.empty()) return;
  }
  if (!any) failure_ = "kernel `" + std::string(kernel_.name) + "`, block " + describe(initial_.block_index) +
                       ": deadlock: " + describe_waiting();
}

void Block::resume(unsigned number) {
  running_ = number;
  registers_->thread_index = threads_[number].index;
  switch_context(scheduler_, threads_[number].worker->context);
}

void Block::wait(State state) {
  Thread& self = threads_[running_];
  self.state = state;
  has_waited_ = true;
  switch_context(self.worker->context, scheduler_);
}

void Block::fail(const std::string& what) {
  if (failure_.empty()) failure_ = describe_current() + ": " + what;
  // The launch is over; the scheduler never comes back here.
  for (;;) switch_context(threads_[running_].worker->context, scheduler_);
}

std::string Block::describe_current() const {
  return "kernel `" + std::string(kernel_.name) + "`, block " + describe(initial_.block_index) + ", thread " +
         describe(threads_[running_].index);
}

void Block::barrier(Place place) {
  if (returned_ > 0) {
    fail("__syncthreads at " + describe(place) + " after " + std::to_string(returned_) +
         " threads of the block returned; let them reach it");
  }
  if (at_barrier_ == 0) {
    barrier_place_ = place;
  } else if (barrier_place_.line != place.line || std::string(barrier_place_.file) != place.file) {
    fail("divergent barrier: it is in __syncthreads at " + describe(place) + ", but other threads of its block are in " +
         "the one at " + describe(barrier_place_));
  }
  ++at_barrier_;
  threads_[running_].place = place;
  release(&at_barrier_);
  if (at_barrier_ == threads_.size()) {
    has_waited_ = true;
    release_barrier();
  } else {
    wait(State::at_barrier);
  }
  acquire(&at_barrier_);
}

void Block::release_barrier() {
  for (auto& thread : threads_) {
    if (thread.state == State::at_barrier) thread.state = State::ready;
  }
  at_barrier_ = 0;
}

unsigned long long Block::collective(Collective kind, unsigned mask, unsigned long long value, unsigned source,
                                     Place place) {
  unsigned lane = running_ % warp_size;
  Thread& self = threads_[running_];
  self.kind = kind;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.place = place;
  // Only __syncwarp orders memory; a shuffle does not.
  void* warp = &threads_[running_ - lane];
  if (kind == Collective::synchronise) release(warp);
  if (collective_is_complete(self, lane)) {
    has_waited_ = true;
    finish_collective(mask);
    self.state = State::ready;
  } else {
    wait(State::at_collective);
  }
  if (kind == Collective::synchronise) acquire(warp);
  return self.result;
}

// Whether all other lanes of the mask wait in the same collective. Fails if some never can.
bool Block::collective_is_complete(const Thread& self, unsigned lane) {
  auto where = [&self] { return std::string(name(self.kind)) + " at " + describe(self.place); };
  if (!(self.mask >> lane & 1)) {
    fail(where() + ": its lane, " + std::to_string(lane) + ", is not in the mask that it passes");
  }
  bool complete = true;
  unsigned first = running_ - lane;
  for (unsigned other = 0; other < warp_size; ++other) {
    if (other == lane || !(self.mask >> other & 1)) continue;
    if (first + other >= threads_.size()) {
      // The last warp of a block may be incomplete, and the full mask is the usual one.
      if (self.mask == 0xffffffffu) break;
      fail(where() + ": the mask names lane " + std::to_string(other) + ", which the block does not have");
    }
    const Thread& thread = threads_[first + other];
    if (thread.state == State::returned) {
      fail(where() + ": the mask names lane " + std::to_string(other) + ", which has returned");
    }
    if (thread.state != State::at_collective) {
      complete = false;
    } else if (thread.mask != self.mask || thread.kind != self.kind || thread.place.line != self.place.line) {
      fail(where() + ": the mask names lane " + std::to_string(other) + ", which is in " + name(thread.kind) + " at " +
           describe(thread.place) + " with another mask or at another place");
    }
  }
  return complete;
}

void Block::finish_collective(unsigned mask) {
  unsigned first = running_ / warp_size * warp_size;
  auto lanes = [&](auto action) {
    for (unsigned lane = 0; lane < warp_size && first + lane < threads_.size(); ++lane) {
      if (mask >> lane & 1) action(lane, threads_[first + lane]);
    }
  };
  unsigned long long votes = 0;
  lanes([&](unsigned lane, const Thread& thread) { votes |= static_cast<unsigned long long>(thread.value != 0) << lane; });
  lanes([&](unsigned lane, Thread& thread) {
    thread.result = votes;
    if (thread.kind == Collective::shuffle) {
      if (!(mask >> thread.source & 1) || first + thread.source >= threads_.size()) {
        fail("a shuffle at " + describe(thread.place) + ": lane " + std::to_string(lane) + " reads lane " +
             std::to_string(thread.source) + ", which is not in the mask or not in the block");
      }
      thread.result = threads_[first + thread.source].value;
    }
    if (thread.state == State::at_collective) thread.state = State::ready;
  });
}

std::string Block::describe_waiting() const {
  std::map<std::string, unsigned> counts;
  for (const auto& thread : threads_) {
    if (thread.state == State::at_barrier) ++counts["in __syncthreads at " + describe(thread.place)];
    if (thread.state == State::at_collective) {
      ++counts["in " + std::string(name(thread.kind)) + " at " + describe(thread.place)];
    }
  }
  std::string text;
  for (const auto& [where, count] : counts) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + (count == 1 ? " thread waits " : " threads wait ") + where;
  }
  return text;
}

}  // namespace emulation
