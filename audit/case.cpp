#include "audit/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <utility>

#include "audit/text.hpp"

namespace lossaudit {
namespace {

/// The arguments that hold numbers of the format.
struct NumberArgument {
  std::string_view name;
  std::vector<double> Batch::*values;
};
constexpr NumberArgument number_arguments[] = {
    {"output", &Batch::output},
    {"target", &Batch::target},
    {"class_weights", &Batch::class_weights},
    {"sample_weights", &Batch::sample_weights},
    {"upstream", &Batch::upstream},
};

/// Runs of the same text become `text*count`.
template <typename T, typename Same, typename Print>
std::vector<std::string> in_runs(const std::vector<T>& values, Same same, Print print) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i + 1;
    while (end < values.size() && same(values[i], values[end])) ++end;
    words.push_back(print(values[i]));
    if (end - i > 1) words.back() += "*" + std::to_string(end - i);
    i = end;
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ',';
    text += word;
  }
  return text;
}

[[noreturn]] void complain(std::string_view word, const std::string& why) {
  throw BadInput("case: '" + printable(word, 60) + "': " + why);
}

template <typename Integer>
Integer parse_integer(std::string_view text, std::string_view word) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) complain(word, "expected a whole number");
  return value;
}

/// Calls take(text, word) for every comma-separated value of `text`, as often as its repeat count says.
template <typename Take>
void for_each_value(std::string_view text, std::size_t most, Take take) {
  std::size_t total = 0;
  while (true) {
    const std::string_view word = text.substr(0, text.find(','));
    const std::size_t star = word.find('*');
    const auto count =
        star == std::string_view::npos ? std::size_t{1} : parse_integer<std::size_t>(word.substr(star + 1), word);
    if (count == 0) complain(word, "a repeat count is at least 1");
    if (count > most - total) complain(word, fmt::format("over 2^{} values in one argument", std::bit_width(most) - 1));
    total += count;
    take(word.substr(0, star), word, count);
    if (word.size() == text.size()) return;
    text.remove_prefix(word.size() + 1);
  }
}

std::vector<double> parse_numbers(Format format, std::string_view text, std::size_t most) {
  std::vector<double> values;
  for_each_value(text, most, [&](std::string_view number, std::string_view word, std::size_t count) {
    const std::optional<double> value = parse_number(format, number);
    if (!value) complain(word, "expected a number, as 0x1.8p+3, 12.5, inf, nan or nan:0x7fc00001");
    values.insert(values.end(), count, round_to(format, *value));
  });
  return values;
}

std::vector<std::int64_t> parse_labels(std::string_view text, std::size_t most) {
  std::vector<std::int64_t> labels;
  for_each_value(text, most, [&](std::string_view number, std::string_view word, std::size_t count) {
    labels.insert(labels.end(), count, parse_integer<std::int64_t>(number, word));
  });
  return labels;
}

Shape parse_shape(std::string_view text) {
  std::size_t parts[3] = {};
  std::string_view rest = text;
  for (int i = 0; i < 3; ++i) {
    const std::size_t cross = i < 2 ? rest.find('x') : rest.size();
    if (cross == std::string_view::npos) complain(text, "expected a shape OUTERxCLASSESxINNER, as 1x3x1");
    parts[i] = parse_integer<std::size_t>(rest.substr(0, cross), text);
    if (parts[i] == 0 || parts[i] > most_case_values) complain(text, "each part of a shape is between 1 and 2^26");
    rest.remove_prefix(std::min(cross + 1, rest.size()));
  }
  if (parts[0] * parts[1] > most_case_values || parts[0] * parts[1] * parts[2] > most_case_values) {
    complain(text, "over 2^26 values");
  }
  return {parts[0], parts[1], parts[2]};
}

void parse_argument(const Contract& contract, std::string_view word, std::size_t most, Batch& batch, bool& has_shape) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  if (equals == std::string_view::npos) complain(word, "expected NAME=VALUES");
  const std::string_view text = word.substr(equals + 1);
  if (name == "shape") {
    batch.shape = parse_shape(text);
    has_shape = true;
    return;
  }
  if (name == "labels") {
    batch.labels = parse_labels(text, most);
    return;
  }
  for (const NumberArgument& argument : number_arguments) {
    if (name == argument.name) {
      batch.*argument.values = parse_numbers(contract.format, text, most);
      return;
    }
  }
  complain(name, "unknown argument: use shape, output, target, labels, class_weights, sample_weights or upstream");
}

}  // namespace

std::vector<CaseArgument> case_arguments(const Contract& contract, const Batch& batch) {
  const auto same_bits = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  };
  std::vector<CaseArgument> arguments;
  const auto add = [&](std::string_view name, std::vector<std::string> words) {
    if (!words.empty()) arguments.push_back({std::string(name), std::move(words)});
  };
  const auto add_numbers = [&](const NumberArgument& argument) {
    add(argument.name,
        in_runs(batch.*argument.values, same_bits, [&](double value) { return to_hex(contract.format, value); }));
  };
  add_numbers(number_arguments[0]);
  add_numbers(number_arguments[1]);
  add("labels", in_runs(batch.labels, std::equal_to<>(), [](std::int64_t label) { return std::to_string(label); }));
  for (std::size_t i = 2; i < std::size(number_arguments); ++i) add_numbers(number_arguments[i]);
  return arguments;
}

std::string to_case_text(const Contract& contract, const Batch& batch) {
  std::string text;
  if (batch.shape != Shape{1, batch.output.size(), 1}) {
    text = "shape=" + std::to_string(batch.shape.outer) + "x" + std::to_string(batch.shape.classes) + "x" +
           std::to_string(batch.shape.inner);
  }
  for (const CaseArgument& argument : case_arguments(contract, batch)) {
    if (!text.empty()) text += ' ';
    text += argument.name + "=" + join(argument.values);
  }
  return text;
}

Batch parse_case(const Contract& contract, std::string_view text, std::size_t most) {
  Batch batch;
  bool has_shape = false;
  constexpr std::string_view spaces = " \t\r\n";
  while (true) {
    const std::size_t begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(spaces, begin), text.size());
    parse_argument(contract, text.substr(begin, end - begin), most, batch, has_shape);
    text.remove_prefix(end);
  }
  if (batch.output.empty()) throw BadInput("case: no output: give output=VALUES");
  if (!has_shape) batch.shape = {1, batch.output.size(), 1};
  batch.origin = "case";
  validate(contract, batch);
  return batch;
}

Batch single_case(const Contract& contract, const Batch& batch, std::size_t result) {
  if (contract.options.reduction != Reduction::none) return batch;
  const Shape& shape = batch.shape;
  const Layout layout = traits(contract.function).layout;
  Batch one;
  one.origin = batch.origin;
  if (layout == Layout::elementwise) {
    one.output = {batch.output[result]};
    if (!batch.target.empty()) one.target = {batch.target[result]};
    if (!batch.sample_weights.empty()) one.sample_weights = {batch.sample_weights[result]};
    if (!batch.upstream.empty()) one.upstream = {batch.upstream[result]};
    return one;
  }
  one.shape = {1, shape.classes, 1};
  // Results of a gradient lie as the inputs do, whatever the forward pass gives.
  const bool one_a_row = layout == Layout::row_to_value && contract.pass == Pass::forward;
  const std::size_t row =
      one_a_row ? result : result / (shape.classes * shape.inner) * shape.inner + result % shape.inner;
  for (std::size_t i = 0; i < shape.classes; ++i) {
    const std::size_t at = element_index(shape, row, i);
    one.output.push_back(batch.output[at]);
    if (!batch.target.empty()) one.target.push_back(batch.target[at]);
    if (!batch.upstream.empty() && layout == Layout::row_to_row) one.upstream.push_back(batch.upstream[at]);
  }
  if (!batch.upstream.empty() && layout == Layout::row_to_value) one.upstream = {batch.upstream[row]};
  if (!batch.labels.empty()) one.labels = {batch.labels[row]};
  if (!batch.sample_weights.empty()) one.sample_weights = {batch.sample_weights[row]};
  one.class_weights = batch.class_weights;
  return one;
}

std::string case_text_of(const std::string& argument) {
  if (!argument.starts_with('@')) return argument;
  std::ifstream file(argument.substr(1));
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw BadInput("cannot read the case " + argument.substr(1));
  return text.str();
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=+@%^";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string replay_command(const std::string& subject, const Contract& contract, const Batch& batch) {
  return with_case("lossaudit audit " + shell_quoted(subject), contract, batch);
}

std::string with_case(const std::string& command, const Contract& contract, const Batch& batch) {
  return command + " --contract '" + to_string(contract) + "' --case '" + to_case_text(contract, batch) + "'";
}

}  // namespace lossaudit
