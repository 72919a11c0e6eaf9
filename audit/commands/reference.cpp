#include <fmt/format.h>

#include <memory>
#include <optional>

#include "audit/case.hpp"
#include "audit/commands/answers.hpp"
#include "audit/commands/commands.hpp"
#include "reference/semantic_gap.hpp"

namespace lossaudit {
namespace {

constexpr std::string_view every_dialect = "all";

struct Arguments {
  std::string function, contract, case_text;
  std::string dialect = "exact", format = "f64", pass = "forward", reduction = "none";
  std::string output, target, labels, class_weights, sample_weights, upstream, shape, epsilon;
  std::optional<int> axis;
  double label_smoothing = 0;
  std::optional<double> pos_weight;
  std::optional<std::int64_t> ignore_index;
  bool from_logits = false;
  bool json = false;
  int digits = 20;
};

/// "2x3x4" or "2,3,4".
std::vector<std::size_t> parse_dimensions(const std::string& text) {
  std::vector<std::size_t> dimensions;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',' && c != 'x') {
      word += c;
      continue;
    }
    if (word.empty() || word.size() > 9 || word.find_first_not_of("0123456789") != std::string::npos) {
      throw BadInput("--shape '" + text + "': expected whole numbers as in 2x3x4");
    }
    dimensions.push_back(std::stoul(word));
    word.clear();
  }
  return dimensions;
}

Contract contract_of(const Arguments& a) {
  const Dialect dialect = a.dialect == every_dialect ? Dialect::exact : parse_dialect(a.dialect);
  Contract contract{parse_function(a.function), dialect, parse_format(a.format), parse_pass(a.pass), {}};
  Options& options = contract.options;
  options.from_logits = a.from_logits;
  options.reduction = parse_reduction(a.reduction);
  if (!a.epsilon.empty()) options.epsilon = parse_options("epsilon=" + a.epsilon).epsilon;
  options.label_smoothing = a.label_smoothing;
  options.pos_weight = a.pos_weight;
  options.ignore_index = a.ignore_index;
  options.class_weights = !a.class_weights.empty();
  options.sample_weights = !a.sample_weights.empty();
  return contract;
}

Batch batch_of(const Arguments& a, Contract& contract) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string values) {
    std::erase(values, ' ');
    if (!values.empty()) text += fmt::format("{}={} ", name, values);
  };
  std::vector<std::size_t> dimensions;
  if (!a.shape.empty()) {
    dimensions = parse_dimensions(a.shape);
    const Shape shape = shape_along(dimensions, a.axis.value_or(-1));
    contract.options.axis = shape.inner != 1 && traits(contract.function).layout != Layout::elementwise;
    add("shape", fmt::format("{}x{}x{}", shape.outer, shape.classes, shape.inner));
  } else if (a.axis) {
    shape_along(std::vector<std::size_t>{1}, *a.axis);  // one dimension: the axis is 0 or -1
  }
  add("output", a.output);
  // A sparse loss's target is its labels.
  const bool sparse = traits(contract.function).target == TargetKind::labels;
  if (!a.labels.empty() && !a.target.empty()) throw BadInput("give either --labels or --target");
  add(sparse ? "labels" : "target", a.target);
  add("labels", a.labels);
  add("class_weights", a.class_weights);
  add("sample_weights", a.sample_weights);
  add("upstream", a.upstream);
  return parse_case(contract, text);
}

}  // namespace

void add_reference(CLI::App& app, Program& /*program*/) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("reference", "The exact value of a case, its enclosure, and each format's correct rounding.");
  CLI::Option* function = command->add_option("FUNCTION", a->function, "One of: lossaudit list functions");
  CLI::Option* output =
      command->add_option("--output", a->output, "The function's argument: numbers separated by commas");
  function->needs(output);
  output->needs(function);
  command->add_option("--target", a->target, "Targets, as many as outputs (sparse: labels)");
  command->add_option("--labels", a->labels, "Labels of a sparse loss, one a row");
  command->add_option("--class-weights", a->class_weights, "A weight a class");
  command->add_option("--sample-weights", a->sample_weights, "A weight a loss");
  command->add_option("--shape", a->shape, "The tensor's dimensions, as in 2x3x4 (default: one row)");
  command->add_option("--axis", a->axis, "The dimension that the classes lie along (default -1, the last)");
  command->add_option("--upstream", a->upstream,
                      "The incoming gradient, of the forward result's shape (default: ones)");
  command->add_option("--dialect", a->dialect, "One of: lossaudit list dialects; or all: what each would answer")
      ->capture_default_str();
  command->add_option("--pass", a->pass, "forward or gradient")->capture_default_str();
  command->add_option("--format", a->format, "Format of the inputs: they are rounded to it and then count as exact")
      ->capture_default_str();
  command->add_flag("--from-logits", a->from_logits, "The output is logits, not probabilities");
  command->add_option("--reduction", a->reduction, "none, sum or mean")->capture_default_str();
  command->add_option("--epsilon", a->epsilon, "The clip's epsilon instead of the dialect's own");
  command->add_option("--label-smoothing", a->label_smoothing, "Between 0 and 1");
  command->add_option("--pos-weight", a->pos_weight, "Weight of the positive class (binary)");
  command->add_option("--ignore-index", a->ignore_index, "The label whose rows count nowhere (sparse)");
  command->add_option("--digits", a->digits, "Significant decimals")->capture_default_str();
  command->add_flag("--json", a->json, "JSON instead of text");
  CLI::Option* contract =
      command->add_option("--contract", a->contract, "Instead of a function and its options: a finding's contract");
  CLI::Option* one_case =
      command->add_option("--case", a->case_text, "and its case, as 'output=0,1 target=1', or @FILE");
  contract->needs(one_case)->excludes(function);
  one_case->needs(contract);
  command->callback([a] {
    if (a->function.empty() && a->contract.empty()) {
      throw BadInput("say what of: a FUNCTION with --output, or a --contract with --case (lossaudit reference --help)");
    }
    Contract contract = a->contract.empty() ? contract_of(*a) : parse_contract(a->contract);
    const Batch batch = a->contract.empty() ? batch_of(*a, contract) : parse_case(contract, case_text_of(a->case_text));
    if (a->dialect == every_dialect) {
      print_dialects(contract, batch, answers_of_dialects(contract, batch, a->digits), a->json);
      return;
    }
    const std::vector<Exact> results = explain(contract, batch, a->digits);
    print_results(contract, batch, results, a->json);
  });
}

}  // namespace lossaudit
