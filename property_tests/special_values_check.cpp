// What the words of a row mean, and the reference held against it.
#include <cmath>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <vector>

#include "audit/case.hpp"
#include "property_tests/special_values.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

constexpr double ln2 = 0.693147180559945309417;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

/// Whether a list of `where` names something: `*`, names, or with a leading `!` all but these.
bool lists(std::string_view list, const std::function<bool(const std::string&)>& is) {
  if (list == "*") return true;
  const bool without = list.starts_with('!');
  bool named = false;
  for (const std::string& name : split(list.substr(without ? 1 : 0), ',')) named = named || is(name);
  return named != without;
}

bool is_function(const std::string& name, Function function) {
  const FunctionTraits& f = traits(function);
  if (name == "elementwise") return f.layout == Layout::elementwise;
  if (name == "rows") return f.layout != Layout::elementwise;
  if (name == "losses") return f.is_loss;
  return parse_function(name) == function;
}

std::string outputs_of(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  if (domain == Domain::real) return "reals";
  return contract.options.from_logits ? "logits" : "probabilities";
}

bool is_taken(const Contract& contract, std::string_view argument) {
  const TargetKind kind = traits(contract.function).target;
  if (argument == "target") return kind == TargetKind::dense;
  if (argument == "labels") return kind == TargetKind::labels;
  if (argument == "class_weights") return contract.options.class_weights;
  if (argument == "sample_weights") return contract.options.sample_weights;
  if (argument == "upstream") return contract.pass == Pass::gradient;
  return true;
}

void replace_all(std::string& text, std::string_view word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) {
    text.replace(at, word.size(), by);
  }
}

Batch batch_of(const Contract& contract, std::string_view inputs) {
  std::string taken;
  for (const std::string& word : split(inputs, ' ')) {
    if (is_taken(contract, word.substr(0, word.find('=')))) taken += word + " ";
  }
  replace_all(taken, "largest", to_hex(contract.format, largest(contract.format)));
  replace_all(taken, "smallest", to_hex(contract.format, smallest(contract.format)));
  replace_all(taken, "above1", to_hex(contract.format, step(contract.format, 1, 1)));
  return parse_case(contract, taken);
}

/// The batch with an ordinary number wherever there is none.
Batch ordinary(Batch batch) {
  for (std::vector<double>* tensor :
       {&batch.output, &batch.target, &batch.class_weights, &batch.sample_weights, &batch.upstream}) {
    for (double& x : *tensor) x = std::isfinite(x) ? x : 0.5;
  }
  return batch;
}

/// The row of the batch that result number `i` belongs to.
std::size_t row_of_result(const Contract& contract, const Shape& shape, std::size_t i) {
  const bool by_element = contract.pass == Pass::gradient || traits(contract.function).layout != Layout::row_to_value;
  return by_element ? i / (shape.classes * shape.inner) * shape.inner + i % shape.inner : i;
}

/// The same result, whichever way it was found: an offset is known to 2^-20 each time.
bool is_same(const Expected& a, const Expected& b) {
  if (a.kind != b.kind || a.kind == Expected::Kind::nan) return a.kind == b.kind;
  return a.rounded == b.rounded && std::fabs(a.offset - b.offset) <= 0x1p-19 && a.ulp_exponent == b.ulp_exponent;
}

std::string shown(Format format, const Expected& e) {
  if (e.kind == Expected::Kind::nan) return "nan";
  const bool beyond = e.kind == Expected::Kind::number && std::isinf(e.rounded);
  return to_decimal(format, e.rounded) + (beyond ? " by overflow" : "");
}

/// Whether the result is what `word` (without its `?`) asks for.
bool is_due(const std::string& word, Format format, const Expected& e, const Exact& exact,
            const Expected& as_ordinary) {
  constexpr double infinity = HUGE_VAL;
  const bool number = e.kind == Expected::Kind::number;
  if (word == "nan") return e.kind == Expected::Kind::nan && exact.decimal == "nan";
  if (word == "inf") return e.kind == Expected::Kind::infinity && e.rounded == infinity && exact.decimal == "inf";
  if (word == "-inf") return e.kind == Expected::Kind::infinity && e.rounded == -infinity && exact.decimal == "-inf";
  if (word == "over") return number && e.rounded == infinity;
  if (word == "-over") return number && e.rounded == -infinity;
  if (word == "finite") return number && std::isfinite(e.rounded);
  if (word == "same") return is_same(e, as_ordinary);
  const double due = word == "ln2" ? ln2 : word == "-ln2" ? -ln2 : *parse_number(Format::f64, word);
  if (!number || !(std::fabs(std::strtod(exact.decimal.c_str(), nullptr) - due) <= 1e-10 * std::fabs(due)))
    return false;
  // The rounding to the format is near it too, and 0 is exactly 0: one ulp for the digits that `word` lacks.
  return due == 0 ? e.rounded == 0 : format == Format::f64 || ulp_error(format, e, round_to(format, due)) <= 1.5;
}

/// expect() and explain() of one result, the latter's rounding to the contract's own format.
bool agree(Format format, const Expected& e, const Exact& exact) {
  return exact.kind == e.kind && exact.recommended == e.recommended &&
         is_same(exact.each.at(static_cast<std::size_t>(format)), e);
}

}  // namespace

bool holds_for(const SpecialValue& row, const Contract& contract) {
  const std::vector<std::string> where = split(row.where, ' ');
  if (where.size() != 5) throw BadInput("five lists are due in '" + std::string(row.where) + "'");
  const bool named =
      lists(where[0], [&](const std::string& name) { return is_function(name, contract.function); }) &&
      lists(where[1], [&](const std::string& name) { return parse_dialect(name) == contract.dialect; }) &&
      lists(where[2], [&](const std::string& name) { return parse_format(name) == contract.format; }) &&
      lists(where[3], [&](const std::string& name) { return parse_pass(name) == contract.pass; }) &&
      lists(where[4], [&](const std::string& name) { return name == outputs_of(contract); });
  return named && is_meaningful(with_options(row, contract));
}

Contract with_options(const SpecialValue& row, Contract contract) {
  const bool from_logits = contract.options.from_logits;
  contract.options = parse_options(row.options);
  contract.options.from_logits = from_logits;
  return contract;
}

std::string contradictions(const SpecialValue& row, const Contract& plain) {
  const Contract contract = with_options(row, plain);
  const Format format = contract.format;
  const Batch batch = batch_of(contract, row.inputs);
  const std::vector<Expected> results = expect(contract, batch);
  const std::vector<Exact> explained = explain(contract, batch, 20);
  const std::vector<Expected> as_ordinary = expect(contract, ordinary(batch));
  const std::vector<std::string> due = split(row.due, ',');
  const bool by_result = due.size() == results.size();
  std::string complaint;
  const auto complain = [&](const std::string& what) {
    complaint += to_string(contract) + ", " + to_case_text(contract, batch) + ": " + what + " (" +
                 std::string(row.sentence) + ")\n";
  };
  if (!by_result && due.size() != 1 && due.size() != batch.shape.rows()) {
    complain(std::to_string(due.size()) + " words for " + std::to_string(results.size()) + " results");
    return complaint;
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::string word = due[by_result ? i : due.size() == 1 ? 0 : row_of_result(contract, batch.shape, i)];
    const std::string wanted = word;
    const bool recommended = word.ends_with('?');
    if (recommended) word.pop_back();
    const Expected& e = results[i];
    if (!e.proved || e.recommended != recommended || !is_due(word, format, e, explained[i], as_ordinary[i])) {
      complain("result " + std::to_string(i) + " is " + shown(format, e) + (e.recommended ? "?" : "") + " where " +
               wanted + " is due");
    }
    if (!agree(format, e, explained[i])) {
      complain("result " + std::to_string(i) + " is " + shown(format, e) + " for expect() and " + explained[i].decimal +
               " for explain()");
    }
  }
  return complaint;
}

}  // namespace lossaudit
