#include "reference/function.hpp"

#include <cstddef>

namespace lossaudit {
namespace {

using enum Function;

constexpr FunctionTraits function_table[] = {
    {relu, "relu", Layout::elementwise, TargetKind::none, Domain::real, false, "max(x, 0)"},
    {sigmoid, "sigmoid", Layout::elementwise, TargetKind::none, Domain::real, false, "1 / (1 + e^-x)"},
    {log_sigmoid, "log_sigmoid", Layout::elementwise, TargetKind::none, Domain::real, false, "-ln(1 + e^-x)"},
    {softplus, "softplus", Layout::elementwise, TargetKind::none, Domain::real, false, "ln(1 + e^x)"},
    {logit, "logit", Layout::elementwise, TargetKind::none, Domain::probability, false, "ln(p / (1 - p))"},
    {softmax, "softmax", Layout::row_to_row, TargetKind::none, Domain::real, false, "e^x_i / sum_j e^x_j"},
    {log_softmax, "log_softmax", Layout::row_to_row, TargetKind::none, Domain::real, false, "x_i - ln sum_j e^x_j"},
    {logsumexp, "logsumexp", Layout::row_to_value, TargetKind::none, Domain::real, false, "ln sum_j e^x_j"},
    {binary_crossentropy, "binary_crossentropy", Layout::elementwise, TargetKind::dense, Domain::either, true,
     "-t ln o - (1 - t) ln(1 - o); from logits t softplus(-x) + (1 - t) softplus(x)"},
    {categorical_crossentropy, "categorical_crossentropy", Layout::row_to_value, TargetKind::dense, Domain::either,
     true, "-sum t ln(o / sum o); from logits sum_i t_i (logsumexp(x) - x_i)"},
    {sparse_categorical_crossentropy, "sparse_categorical_crossentropy", Layout::row_to_value, TargetKind::labels,
     Domain::either, true, "categorical_crossentropy of the label's one-hot vector"},
    {mean_squared_error, "mean_squared_error", Layout::row_to_value, TargetKind::dense, Domain::real, true,
     "sum (t - o)^2 / n"},
    {cross_entropy_error, "cross_entropy_error", Layout::row_to_value, TargetKind::dense, Domain::probability, true,
     "-sum t ln p: no clip, no normalisation"},
};

}  // namespace

std::span<const FunctionTraits> functions() { return function_table; }
const FunctionTraits& traits(Function function) { return function_table[static_cast<std::size_t>(function)]; }

}  // namespace lossaudit
