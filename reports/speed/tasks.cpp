#include "reports/speed/tasks.hpp"

#include <iterator>

namespace lossaudit::speed {
namespace {

constexpr std::string_view normal = "logits N(0, 5)", with_hard = "logits N(0, 5), targets 0 or 1",
                           with_labels = "logits N(0, 5), any label", one_hot = "logits N(0, 5), one-hot targets",
                           likely = "probabilities sigmoid(N(0, 5))",
                           likely_hard = "probabilities sigmoid(N(0, 5)), targets 0 or 1",
                           extreme = "a quarter each N(0, 5), beyond 80, beyond -80, NaN",
                           soft = "logits N(0, 5), targets in (0, 1)";

// The goals: the table of fast/README.md.
constexpr Task table[] = {
    {"sigmoid exact f32 forward", Outputs::logits, Targets::none, Traffic::read_write, false, 1.2, 0.95, normal},
    {"log_sigmoid exact f32 forward", Outputs::logits, Targets::none, Traffic::read_write, false, 0, 0, normal},
    {"softplus exact f32 forward", Outputs::logits, Targets::none, Traffic::read_write, false, 0.6, 0.6, normal},
    {"logit exact f32 forward", Outputs::probabilities, Targets::none, Traffic::read_write, false, 0, 0, likely},
    {"binary_crossentropy exact f32 forward from_logits reduction=mean", Outputs::logits, Targets::hard, Traffic::read2,
     false, 0.5, 0.5, with_hard},
    {"binary_crossentropy exact f32 forward+gradient from_logits reduction=mean", Outputs::logits, Targets::hard,
     Traffic::read2_write, false, 0.6, 0.6, with_hard},
    {"binary_crossentropy exact f32 forward reduction=mean", Outputs::probabilities, Targets::hard, Traffic::read2,
     false, 0.7, 0.7, likely_hard},
    {"binary_crossentropy keras1 f32 forward reduction=mean", Outputs::probabilities, Targets::hard, Traffic::read2,
     false, 0.7, 0.7, likely_hard},
    {"mean_squared_error exact f32 forward", Outputs::logits, Targets::hard, Traffic::read2, false, 1.0, 1.0,
     with_hard},
    {"cross_entropy_error exact f32 forward", Outputs::probabilities, Targets::hard, Traffic::read2, false, 1.0, 1.0,
     likely_hard},
    {"softmax exact f32 forward", Outputs::logits, Targets::none, Traffic::read_write, true, 0.75, 0.75, normal},
    {"log_softmax exact f32 forward", Outputs::logits, Targets::none, Traffic::read_write, true, 0.75, 0.75, normal},
    {"sparse_categorical_crossentropy exact f32 forward from_logits", Outputs::logits, Targets::labels, Traffic::read,
     true, 0.55, 0.55, with_labels},
    {"sparse_categorical_crossentropy exact f32 forward+gradient from_logits", Outputs::logits, Targets::labels,
     Traffic::read_write, true, 0.75, 0.75, with_labels},
    {"categorical_crossentropy exact f32 forward from_logits", Outputs::logits, Targets::one_hot, Traffic::read2, true,
     0.55, 0.55, one_hot},
    {"categorical_crossentropy exact f32 forward+gradient from_logits", Outputs::logits, Targets::one_hot,
     Traffic::read2_write, true, 0.75, 0.75, one_hot},
    // What must not be several times slower.
    {"sigmoid exact f32 forward", Outputs::extreme_logits, Targets::none, Traffic::read_write, false, 0, 0, extreme,
     true},
    {"softplus exact f32 forward", Outputs::extreme_logits, Targets::none, Traffic::read_write, false, 0, 0, extreme,
     true},
    {"binary_crossentropy exact f32 forward from_logits reduction=mean", Outputs::extreme_logits, Targets::hard,
     Traffic::read2, false, 0, 0, extreme, true},
    {"softmax exact f32 forward", Outputs::extreme_logits, Targets::none, Traffic::read_write, true, 0, 0, extreme,
     true},
    {"binary_crossentropy exact f32 forward from_logits reduction=mean", Outputs::logits, Targets::soft, Traffic::read2,
     false, 0, 0, soft, true},
    {"binary_crossentropy exact f32 forward+gradient from_logits reduction=mean", Outputs::logits, Targets::soft,
     Traffic::read2_write, false, 0, 0, soft, true},
    {"categorical_crossentropy exact f32 forward from_logits", Outputs::logits, Targets::soft, Traffic::read2, true, 0,
     0, soft, true},
    {"categorical_crossentropy exact f32 forward+gradient from_logits", Outputs::logits, Targets::soft,
     Traffic::read2_write, true, 0, 0, soft, true},
};

// In the first-level cache, in the second, and in none.
constexpr Shape lengths[] = {{1, 4096}, {1, 65536}, {1, largest_count}};
constexpr Shape rows[] = {{4096, 1000}, {256, 32000}, {64, 128256}, {100000, 10}};

}  // namespace

std::string to_string(const Shape& shape) {
  const std::string classes = std::to_string(shape.classes);
  return shape.outer == 1 ? classes : std::to_string(shape.outer) + "x" + classes;
}

std::span<const Task> tasks() { return table; }

std::span<const Shape> shapes_of(const Task& task) {
  return task.by_row ? std::span<const Shape>(rows) : std::span<const Shape>(lengths);
}

}  // namespace lossaudit::speed
