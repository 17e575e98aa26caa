// Orders of threads and blocks.

#include "order.h"

#include <charconv>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace emulation {

namespace {
thread_local std::optional<Order> chosen;
}

std::optional<Order> parse_order(std::string_view text) {
  if (text == "ascending") return Order{Order::Kind::ascending, 0};
  if (text == "descending") return Order{Order::Kind::descending, 0};
  constexpr std::string_view prefix = "shuffled:";
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::uint64_t seed = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Order{Order::Kind::shuffled, seed};
}

std::optional<Order> order_of_environment() {
  static const std::optional<Order> order = [] {
    const char* text = std::getenv("GANAS_EMULATION_ORDER");
    return text ? parse_order(text) : std::optional(Order{});
  }();
  return order;
}

Order current_order() {
  // cuInit has refused a bad value of the environment.
  return chosen ? *chosen : order_of_environment().value_or(Order{});
}

void set_order(Order order) { chosen = order; }

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void arrange(std::vector<unsigned>& positions, unsigned n, Order::Kind kind, Random& random) {
  positions.resize(n);
  std::iota(positions.begin(), positions.end(), 0u);
  if (kind == Order::Kind::descending) {
    for (unsigned i = 0; i < n; ++i) positions[i] = n - 1 - i;
  } else if (kind == Order::Kind::shuffled) {
    shuffle(positions, random);
  }
}

void shuffle(std::vector<unsigned>& positions, Random& random) {
  for (std::size_t i = positions.size(); i > 1; --i) std::swap(positions[i - 1], positions[random.next() % i]);
}

}  // namespace emulation
