// In which order the threads of a block, and the blocks of a grid, take turns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace emulation {

// A correct kernel has the same result in every order; a missing barrier shows as a difference.
struct Order {
  enum class Kind : int { ascending = 0, descending = 1, shuffled = 2 };
  Kind kind = Kind::ascending;
  // Of `shuffled`.
  std::uint64_t seed = 0;
};

// `ascending`, `descending` or `shuffled:SEED`.
std::optional<Order> parse_order(std::string_view text);

// Of the launches that the calling thread makes: its own choice, or else that of the environment.
Order current_order();
void set_order(Order order);

// The value of GANAS_EMULATION_ORDER, or ascending without one; nothing if the value is no order.
std::optional<Order> order_of_environment();

// A small random generator (SplitMix64), the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();

 private:
  std::uint64_t state_;
};

// Puts 0 to n - 1 into `positions` in the given order.
void arrange(std::vector<unsigned>& positions, unsigned n, Order::Kind kind, Random& random);
void shuffle(std::vector<unsigned>& positions, Random& random);

}  // namespace emulation
