// The scheduler of a block's threads.

#include "block.h"

#include <algorithm>
#include <bit>
#include <cstring>
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
constexpr unsigned full_mask = 0xffffffff;

// The same file may have its name in two places of memory.
bool same(const Place& a, const Place& b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

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
      threads_(std::size_t{block_size.x} * block_size.y * block_size.z),
      states_(threads_.size()),
      warps_((threads_.size() + warp_size - 1) / warp_size) {
  unsigned number = 0;
  for (unsigned z = 0; z < block_size.z; ++z)
    for (unsigned y = 0; y < block_size.y; ++y)
      for (unsigned x = 0; x < block_size.x; ++x) threads_[number++].index = {x, y, z};
  arrange(positions_, number, order.kind, random_);
  adopt_current(scheduler_);
  // For ThreadSanitizer, what a context did comes before all that a context does which it makes. So none is made while
  // threads run, and no list grows.
  workers_.reserve(number);
  idle_.reserve(number);
  for (unsigned i = 0; GANAS_EMULATION_TSAN && i < number; ++i) {
    if (Worker* worker = new_worker()) idle_.push_back(worker);
  }
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
  started_ = returned_ = at_barrier_ = pass_position_ = 0;
  pass_found_any_ = true;
  std::fill(states_.begin(), states_.end(), State::not_started);
  for (auto& warp : warps_) warp = {0, 0};
  // What the scheduler did before (a launch, the block before this one) comes before all that the threads do.
  release(&scheduler_);
  Context& first = next();
  if (&first != &scheduler_) switch_context(scheduler_, first);
  acquire(&returned_);
  return failure_.empty();
}

// What runs next: a worker for threads that have not started, a thread that is ready, or, at the end, the scheduler.
Context& Block::next() {
  if (!failure_.empty()) return scheduler_;
  if (started_ < threads_.size()) {
    starting_ = idle_worker();
    if (starting_) return starting_->context;
    failure_ = "the host has no memory for the stacks of the threads";
    return scheduler_;
  }
  while (returned_ < threads_.size()) {
    while (pass_position_ < threads_.size()) {
      unsigned number = positions_[pass_position_++];
      if (states_[number] != State::ready) continue;
      Thread& thread = threads_[number];
      pass_found_any_ = true;
      running_ = number;
      registers_->thread_index = thread.index;
      return thread.worker->context;
    }
    if (!pass_found_any_) {
      failure_ = "kernel `" + std::string(kernel_.name) + "`, block " + describe(initial_.block_index) +
                 ": deadlock: " + describe_waiting();
      return scheduler_;
    }
    pass_position_ = 0;
    pass_found_any_ = false;
    if (order_.kind == Order::Kind::shuffled) shuffle(positions_, random_);
  }
  return scheduler_;
}

Block::Worker* Block::idle_worker() {
  if (idle_.empty()) return new_worker();
  Worker* worker = idle_.back();
  idle_.pop_back();
  return worker;
}

Block::Worker* Block::new_worker() {
  auto* stack = static_cast<unsigned char*>(stacks().at(workers_.size()));
  if (!stack) return nullptr;
  // Stacks that begin at equal places in their pages would fight for the same lines of the cache.
  std::size_t offset = workers_.size() % 61 * 192;
  auto worker = std::make_unique<Worker>();
  prepare(worker->context, stack, Stacks::size - offset, work);
  workers_.push_back(std::move(worker));
  return workers_.back().get();
}

// What a worker does: it runs threads that have not started yet, and is idle when there are none.
void Block::work() {
  Block& block = *current;
  Worker* self = block.starting_;
  for (;;) {
    while (block.started_ < block.threads_.size()) {
      block.run_thread(self, block.positions_[block.started_++]);
      // ThreadSanitizer takes what happens in one context for ordered, so there each thread has its own for good.
      if (GANAS_EMULATION_TSAN) break;
    }
    // Not idle before the next is chosen, for it must not choose itself.
    Context& next = block.next();
    if (!GANAS_EMULATION_TSAN) block.idle_.push_back(self);
    switch_context(self->context, next);
  }
}

void Block::run_thread(Worker* worker, unsigned number) {
  Thread& self = threads_[number];
  self.worker = worker;
  states_[number] = State::ready;
  running_ = number;
  registers_->thread_index = self.index;
  acquire(&scheduler_);
  kernel_.invoke(arguments_);
  release(&returned_);
  states_[number] = State::returned;
  ++returned_;
  warps_[number / warp_size].returned |= 1u << number % warp_size;
  if (at_barrier_ > 0) {
    fail("it returned while " + std::to_string(at_barrier_) + " threads of the block wait in __syncthreads at " +
         describe(barrier_place_));
  }
}

inline void Block::wait(State state) {
  states_[running_] = state;
  has_waited_ = true;
  Context& own = threads_[running_].worker->context;
  switch_context(own, next());
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

inline void Block::barrier(Place place) {
  if (returned_ > 0) {
    fail("__syncthreads at " + describe(place) + " after " + std::to_string(returned_) +
         " threads of the block returned; let them reach it");
  }
  if (at_barrier_ == 0) {
    barrier_place_ = place;
  } else if (!same(barrier_place_, place)) {
    fail("divergent barrier: it is in __syncthreads at " + describe(place) + ", but other threads of its block are in " +
         "the one at " + describe(barrier_place_));
  }
  ++at_barrier_;
  threads_[running_].place = place;
  void* tag = &barrier_tags_[barriers_passed_ % 2];
  release(tag);
  if (at_barrier_ == threads_.size()) {
    has_waited_ = true;
    ++barriers_passed_;
    release_barrier();
  } else {
    wait(State::at_barrier);
  }
  acquire(tag);
}

void Block::release_barrier() {
  for (auto& state : states_) {
    if (state == State::at_barrier) state = State::ready;
  }
  at_barrier_ = 0;
}

inline unsigned long long Block::collective(Collective kind, unsigned mask, unsigned long long value, unsigned source,
                                     Place place) {
  unsigned lane = running_ % warp_size;
  Thread& self = threads_[running_];
  self.kind = kind;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.place = place;
  // Only __syncwarp orders memory; a shuffle does not.
  void* warp = &warps_[running_ / warp_size];
  if (kind == Collective::synchronise) release(warp);
  if (collective_is_complete(lane)) {
    has_waited_ = true;
    finish_collective(mask);
  } else {
    warps_[running_ / warp_size].at_collective |= 1u << lane;
    wait(State::at_collective);
  }
  if (kind == Collective::synchronise) acquire(warp);
  return self.result;
}

// Whether all other lanes of the mask wait in the same collective. Fails if some never can.
bool Block::collective_is_complete(unsigned lane) {
  const Thread& self = threads_[running_];
  const Warp& warp = warps_[running_ / warp_size];
  if (!(self.mask >> lane & 1)) {
    fail(describe_collective() + ": its lane, " + std::to_string(lane) + ", is not in the mask that it passes");
  }
  std::size_t first = running_ - lane;
  std::size_t lanes = std::min(threads_.size() - first, std::size_t{warp_size});
  unsigned in_block = lanes == warp_size ? full_mask : (1u << lanes) - 1;
  // The last warp of a block may be incomplete, and the full mask is the usual one.
  unsigned named = self.mask == full_mask ? in_block : self.mask;
  unsigned others = named & ~(1u << lane);
  auto lowest = [](unsigned bits) { return static_cast<unsigned>(std::countr_zero(bits)); };
  if (unsigned missing = others & ~in_block) {
    fail(describe_collective() + ": the mask names lane " + std::to_string(lowest(missing)) +
         ", which the block does not have");
  }
  if (unsigned returned = others & warp.returned) {
    fail(describe_collective() + ": the mask names lane " + std::to_string(lowest(returned)) + ", which has returned");
  }
  // The first to wait is compared at once, so that a difference is found before it is a deadlock; all at the end.
  unsigned waiting = others & warp.at_collective;
  bool complete = waiting == others;
  while (waiting != 0) {
    require_same_collective(lane, lowest(waiting));
    waiting = complete ? waiting & (waiting - 1) : 0;
  }
  return complete;
}

void Block::require_same_collective(unsigned lane, unsigned other) {
  const Thread& self = threads_[running_];
  const Thread& thread = threads_[running_ - lane + other];
  if (thread.mask == self.mask && thread.kind == self.kind && same(thread.place, self.place)) return;
  fail(describe_collective() + ": the mask names lane " + std::to_string(other) + ", which is in " + name(thread.kind) +
       " at " + describe(thread.place) + " with another mask or at another place");
}

std::string Block::describe_collective() const {
  const Thread& self = threads_[running_];
  return std::string(name(self.kind)) + " at " + describe(self.place);
}

void Block::finish_collective(unsigned mask) {
  unsigned first = running_ / warp_size * warp_size;
  auto lanes = [&](auto action) {
    for (unsigned lane = 0; lane < warp_size && first + lane < threads_.size(); ++lane) {
      if (mask >> lane & 1) action(lane, threads_[first + lane]);
    }
  };
  bool is_shuffle = threads_[running_].kind == Collective::shuffle;
  unsigned long long votes = 0;
  lanes([&](unsigned lane, const Thread& thread) { votes |= static_cast<unsigned long long>(thread.value != 0) << lane; });
  lanes([&](unsigned lane, Thread& thread) {
    thread.result = votes;
    if (is_shuffle) {
      if (!(mask >> thread.source & 1) || first + thread.source >= threads_.size()) {
        fail("a shuffle at " + describe(thread.place) + ": lane " + std::to_string(lane) + " reads lane " +
             std::to_string(thread.source) + ", which is not in the mask or not in the block");
      }
      thread.result = threads_[first + thread.source].value;
    }
    states_[first + lane] = State::ready;
  });
  warps_[running_ / warp_size].at_collective &= ~mask;
}

std::string Block::describe_waiting() const {
  std::map<std::string, unsigned> counts;
  for (std::size_t number = 0; number < threads_.size(); ++number) {
    const Thread& thread = threads_[number];
    if (states_[number] == State::at_barrier) ++counts["in __syncthreads at " + describe(thread.place)];
    if (states_[number] == State::at_collective) {
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

const ganas_emulation::Runtime& kernel_runtime() {
  static const ganas_emulation::Runtime runtime = {
      [](Place place) { Block::current->barrier(place); },
      [](Collective kind, unsigned mask, unsigned long long value, unsigned source, Place place) {
        return Block::current->collective(kind, mask, value, source, place);
      },
      []() -> void* { return DynamicShared::of_this_thread().start(); },
      [](const char* what, Place place) { Block::current->fail(std::string(what) + " at " + describe(place)); },
  };
  return runtime;
}

}  // namespace emulation
