#include "reference/contract.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <sstream>
#include <utility>

namespace lossaudit {
namespace {

using enum Function;

constexpr std::array<std::string_view, 2> pass_names = {"forward", "gradient"};
constexpr std::array<std::string_view, 3> reduction_names = {"none", "sum", "mean"};

std::string join(std::span<const std::string> words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

/// Text that came from outside, fit for one line of an error.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 60)) out += c >= ' ' && c < '\x7f' ? c : '?';
  return out + (text.size() > 60 ? "...'" : "'");
}

/// The index in `names` of `name`, or the error that names the nearest ones.
std::size_t index_of(std::string_view what, std::string_view name, std::span<const std::string> names,
                     std::string_view where_to_look) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw BadInput("unknown " + std::string(what) + " " + quoted(name) + ": did you mean " +
                 join(nearest_names(name, names), ", ") + "?" + std::string(where_to_look));
}

template <typename Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table) names.emplace_back(row.name);
  return names;
}

double parse_option_number(std::string_view key, std::string_view value) {
  const std::optional<double> number = parse_number(Format::f64, value);
  if (!number || !std::isfinite(*number)) {
    throw BadInput("option " + std::string(key) + ": " + quoted(value) + " is not a finite number");
  }
  return *number;
}

std::int64_t parse_option_integer(std::string_view key, std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw BadInput("option " + std::string(key) + ": " + quoted(value) + " is not an integer");
  }
  return number;
}

const std::vector<std::string> option_names = {"from_logits",     "axis",       "reduction",    "epsilon",
                                               "label_smoothing", "pos_weight", "ignore_index", "class_weights",
                                               "sample_weights"};

void read_option(std::string_view word, Options& options) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value = has_value ? word.substr(equals + 1) : std::string_view();
  const std::size_t index = index_of("option", key, option_names, "");
  const bool is_flag = index <= 1 || index >= 7;
  if (is_flag == has_value) {
    throw BadInput("option " + std::string(key) + (is_flag ? " takes no value" : " needs a value: ") +
                   (is_flag ? "" : std::string(key) + "=..."));
  }
  switch (index) {
    case 0:
      options.from_logits = true;
      break;
    case 1:
      options.axis = true;
      break;
    case 2:
      options.reduction = parse_reduction(value);
      break;
    case 3:
      options.epsilon = parse_option_number(key, value);
      break;
    case 4:
      options.label_smoothing = parse_option_number(key, value);
      break;
    case 5:
      options.pos_weight = parse_option_number(key, value);
      break;
    case 6:
      options.ignore_index = parse_option_integer(key, value);
      break;
    case 7:
      options.class_weights = true;
      break;
    default:
      options.sample_weights = true;
      break;
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

/// Why the contract makes no sense, or "".
std::string objection(const Contract& contract) {
  const FunctionTraits& f = traits(contract.function);
  const DialectTraits& d = traits(contract.dialect);
  const Options& o = contract.options;
  const std::string name(f.name);
  const bool weighs_classes = contract.function == categorical_crossentropy ||
                              contract.function == cross_entropy_error || f.target == TargetKind::labels;
  const bool smooths = contract.function == binary_crossentropy || contract.function == categorical_crossentropy ||
                       f.target == TargetKind::labels;
  if (o.from_logits && f.output != Domain::either) return name + " takes no option from_logits";
  const Path& path = path_of(contract);
  if (!path.defined) {
    const bool either = f.output == Domain::either;
    return "dialect " + std::string(d.name) + " does not define " + name +
           (either ? o.from_logits ? " from logits" : " from probabilities" : "") + ": use --dialect exact";
  }
  if (o.axis && f.layout == Layout::elementwise) return name + " is elementwise: it takes no option axis";
  if (o.reduction != Reduction::none && !f.is_loss) return name + " is not a loss: it takes no reduction";
  if (o.sample_weights && !f.is_loss) return name + " is not a loss: it takes no sample_weights";
  if (o.class_weights && !weighs_classes) return name + " takes no class_weights";
  if (o.class_weights && path.slope == Slope::softmax_minus_target) {
    return "dialect " + std::string(d.name) + " takes no class_weights with " + name;
  }
  if (o.label_smoothing != 0 && !smooths) return name + " takes no label_smoothing";
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) return "label_smoothing must lie in [0, 1]";
  if (o.pos_weight && contract.function != binary_crossentropy) return name + " takes no pos_weight";
  if (o.pos_weight && !std::isfinite(round_to(contract.format, *o.pos_weight))) {
    return "pos_weight must be finite in " + std::string(traits(contract.format).name);
  }
  if (o.pos_weight && path.slope == Slope::bounded_quotient) {
    return "dialect " + std::string(d.name) + " takes no pos_weight from probabilities";
  }
  if (o.ignore_index && f.target != TargetKind::labels) return name + " takes no ignore_index";
  if (o.epsilon && !path.uses_epsilon()) {
    return "dialect " + std::string(d.name) + (o.from_logits ? " with from_logits" : "") +
           " does not clip: it takes no epsilon";
  }
  if (o.epsilon && !(*o.epsilon >= 0 && *o.epsilon < 0.5)) return "epsilon must lie in [0, 0.5)";
  return "";
}

/// No tensor is larger, so that products of sizes do not wrap around.
constexpr std::size_t most_values = std::size_t{1} << 40;

void expect_size(std::string_view what, std::size_t size, std::size_t due) {
  if (size != due) {
    throw BadInput(std::string(what) + " has " + std::to_string(size) + " values where the shape asks for " +
                   std::to_string(due));
  }
}

}  // namespace

const Path& path_of(const Contract& contract) {
  const DialectTraits& d = traits(contract.dialect);
  const bool logits = contract.options.from_logits;
  if (contract.function == binary_crossentropy) return logits ? d.binary_logits : d.binary;
  if (contract.function == sparse_categorical_crossentropy) return logits ? d.sparse_logits : d.sparse;
  if (contract.function == categorical_crossentropy) return logits ? d.categorical_logits : d.categorical;
  static constexpr Path plain{.defined = true};
  static constexpr Path undefined;
  return contract.dialect == Dialect::exact ? plain : undefined;
}

double clip_epsilon(const Contract& contract) {
  return contract.options.epsilon.value_or(traits(contract.dialect).epsilon[static_cast<std::size_t>(contract.format)]);
}

std::string_view to_string(Pass pass) { return pass_names[static_cast<std::size_t>(pass)]; }
std::string_view to_string(Reduction reduction) { return reduction_names[static_cast<std::size_t>(reduction)]; }

std::string to_string(const Options& o) {
  std::vector<std::string> words;
  if (o.from_logits) words.emplace_back("from_logits");
  if (o.axis) words.emplace_back("axis");
  if (o.reduction != Reduction::none) words.push_back("reduction=" + std::string(to_string(o.reduction)));
  if (o.epsilon) words.push_back("epsilon=" + to_decimal(Format::f64, *o.epsilon));
  if (o.label_smoothing != 0) words.push_back("label_smoothing=" + to_decimal(Format::f64, o.label_smoothing));
  if (o.pos_weight) words.push_back("pos_weight=" + to_decimal(Format::f64, *o.pos_weight));
  if (o.ignore_index) words.push_back("ignore_index=" + std::to_string(*o.ignore_index));
  if (o.class_weights) words.emplace_back("class_weights");
  if (o.sample_weights) words.emplace_back("sample_weights");
  return join(words, " ");
}

std::string to_string(const Contract& c) {
  std::string text(traits(c.function).name);
  for (const std::string_view word : {traits(c.dialect).name, traits(c.format).name, to_string(c.pass)}) {
    text.append(" ").append(word);
  }
  const std::string options = to_string(c.options);
  return options.empty() ? text : text + " " + options;
}

Options parse_options(std::string_view text) {
  Options options;
  for (const std::string_view word : words_of(text)) read_option(word, options);
  return options;
}

Contract parse_contract(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() < 4) {
    throw BadInput("contract " + quoted(text) +
                   ": expected 'FUNCTION DIALECT FORMAT PASS [OPTION...]', as in 'sigmoid exact f32 forward'");
  }
  Contract contract{
      parse_function(words[0]), parse_dialect(words[1]), parse_format(words[2]), parse_pass(words[3]), {}};
  for (std::size_t i = 4; i < words.size(); ++i) read_option(words[i], contract.options);
  validate(contract);
  return contract;
}

std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> known, std::size_t most) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    // A name of which one is a part of the other is near, however long.
    const bool part =
        !name.empty() && (candidate.find(name) != std::string::npos || name.find(candidate) != std::string_view::npos);
    ranked.emplace_back(part ? 1 : edit_distance(name.substr(0, 64), candidate), candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> nearest;
  for (const auto& [distance, candidate] : ranked) {
    if (nearest.size() < most) nearest.push_back(candidate);
  }
  return nearest;
}

Function parse_function(std::string_view name) {
  return static_cast<Function>(index_of("function", name, names_of(functions()), " (lossaudit list functions)"));
}
Dialect parse_dialect(std::string_view name) {
  return static_cast<Dialect>(index_of("dialect", name, names_of(dialects()), " (lossaudit list dialects)"));
}
Format parse_format(std::string_view name) {
  return format_table[index_of("format", name, names_of(format_table), "")].format;
}
Pass parse_pass(std::string_view name) {
  const std::vector<std::string> names(pass_names.begin(), pass_names.end());
  return static_cast<Pass>(index_of("pass", name, names, ""));
}
Reduction parse_reduction(std::string_view name) {
  const std::vector<std::string> names(reduction_names.begin(), reduction_names.end());
  return static_cast<Reduction>(index_of("reduction", name, names, ""));
}

bool is_meaningful(const Contract& contract) { return objection(contract).empty(); }

void validate(const Contract& contract) {
  if (const std::string why = objection(contract); !why.empty()) throw BadInput(why);
}

Shape shape_along(std::span<const std::size_t> dimensions, int axis) {
  const auto rank = static_cast<int>(dimensions.size());
  if (rank == 0) throw BadInput("a tensor of rank 0 has no axis: give it at least one dimension");
  const int place = axis == -1 ? rank - 1 : axis;
  if (place < 0 || place >= rank) {
    throw BadInput("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank) +
                   ": use -1 or 0 to " + std::to_string(rank - 1));
  }
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const std::size_t n = dimensions[static_cast<std::size_t>(i)];
    if (n == 0) throw BadInput("dimension " + std::to_string(i) + " is 0: tensors hold at least one value");
    std::size_t& part = i < place ? shape.outer : i == place ? shape.classes : shape.inner;
    if (n > std::numeric_limits<std::uint32_t>::max() || shape.elements() > most_values / n) {
      throw BadInput("a tensor of over 2^40 values does not fit");
    }
    part *= n;
  }
  return shape;
}

std::size_t unreduced_size(const Contract& contract, const Shape& shape) {
  return traits(contract.function).layout == Layout::row_to_value ? shape.rows() : shape.elements();
}

std::size_t result_size(const Contract& contract, const Shape& shape) {
  if (contract.pass == Pass::gradient) return shape.elements();
  return contract.options.reduction == Reduction::none ? unreduced_size(contract, shape) : 1;
}

void validate(const Contract& contract, const Batch& batch) {
  validate(contract);
  const FunctionTraits& f = traits(contract.function);
  const Shape& shape = batch.shape;
  if (shape.outer == 0 || shape.classes == 0 || shape.inner == 0) {
    throw BadInput("the batch is empty: tensors hold at least one value");
  }
  if (shape.outer > most_values || shape.classes > most_values / shape.outer ||
      shape.inner > most_values / (shape.outer * shape.classes)) {
    throw BadInput("a tensor of over 2^40 values does not fit");
  }
  if (shape.inner != 1 && f.layout != Layout::elementwise && !contract.options.axis) {
    throw BadInput("the class axis is not the last one: the contract needs the option axis");
  }
  expect_size("output", batch.output.size(), shape.elements());
  expect_size("target", batch.target.size(), f.target == TargetKind::dense ? shape.elements() : 0);
  expect_size("labels", batch.labels.size(), f.target == TargetKind::labels ? shape.rows() : 0);
  expect_size("class_weights", batch.class_weights.size(), contract.options.class_weights ? shape.classes : 0);
  expect_size("sample_weights", batch.sample_weights.size(),
              contract.options.sample_weights ? unreduced_size(contract, shape) : 0);
  if (!batch.upstream.empty()) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    expect_size("upstream", batch.upstream.size(), contract.pass == Pass::gradient ? result_size(forward, shape) : 0);
  }
}

}  // namespace lossaudit
