// What is timed: the table of contracts, each with its inputs, the shapes it is timed at, the memory it cannot do
// without, and the goal that fast/ has for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "audit/bandwidth.hpp"

namespace lossaudit::speed {

struct Shape {
  std::size_t outer, classes;
  [[nodiscard]] std::size_t count() const { return outer * classes; }
};
/// "4096" for one row, else "256x32000".
std::string to_string(const Shape& shape);

/// What the arguments hold. Logits as a trained model gives them, N(0, 5); probabilities their sigmoids, kept off 0 and 1.
enum class Outputs : std::uint8_t { logits, probabilities, extreme_logits };
/// hard: 0 or 1, each as likely; one_hot: a row's label.
enum class Targets : std::uint8_t { none, labels, hard, one_hot, soft };

struct Task {
  std::string_view contract;  ///< as adapters::Kernel::contract
  Outputs outputs;
  Targets targets;
  Traffic traffic;
  bool by_row;              ///< timed at the shapes of rows, else at the lengths
  double goal_in_cache;     ///< of fast's time over the fastest other's: at 4096, or rows; 0: none
  double goal_from_memory;  ///< at ten million
  std::string_view inputs;  ///< in words
  bool only_fast = false;   ///< what fast/ promises beyond what others are timed at
};

/// No shape has more values.
inline constexpr std::size_t largest_count = 10'000'000;

std::span<const Task> tasks();
std::span<const Shape> shapes_of(const Task& task);

}  // namespace lossaudit::speed
