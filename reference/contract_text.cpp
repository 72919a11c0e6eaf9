// Contracts as text, and names with those nearest to them.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "reference/contract.hpp"

namespace lossaudit {
namespace {

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

}  // namespace

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

}  // namespace lossaudit
