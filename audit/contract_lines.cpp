#include "audit/contract_lines.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "audit/text.hpp"

namespace lossaudit {
namespace {

std::string quoted(std::string_view text) { return "'" + printable(text, 60) + "'"; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The bit set of a comma-separated list of names that `parse` knows.
template <typename Parse>
std::uint32_t set_of(std::string_view list, Parse parse) {
  std::uint32_t set = 0;
  for (const std::string_view name : split(list, ',')) set |= 1U << static_cast<unsigned>(parse(name));
  return set;
}

template <typename Enumerator>
bool holds(std::uint32_t set, Enumerator member) {
  return (set >> static_cast<unsigned>(member) & 1U) != 0;
}

using Key = std::int64_t;
/// A contract has no ignore_index; no label can be this.
constexpr Key no_index = INT64_MIN;

Key key_of(double value) { return std::bit_cast<Key>(value == 0 ? 0.0 : value); }

Key read_flag(std::string_view text) {
  if (text == "0" || text == "1") return text == "1" ? 1 : 0;
  throw BadInput("expected 0 or 1, not " + quoted(text));
}

Key read_reduction(std::string_view text) { return static_cast<Key>(parse_reduction(text)); }

Key read_number(std::string_view text) {
  const std::optional<double> value = parse_number(Format::f64, text);
  if (!value || !std::isfinite(*value)) throw BadInput("expected a finite number, not " + quoted(text));
  return key_of(*value);
}

Key read_index(std::string_view text) {
  if (text == "none") return no_index;
  Key value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw BadInput("expected an integer or none, not " + quoted(text));
  }
  return value;
}

}  // namespace

/// One row of the table of options.
struct ContractLine::Option {
  std::string_view name;
  Key (*read)(std::string_view);
  Key (*value)(const Contract&);        ///< what the contract asks for
  bool (*is_default)(const Contract&);  ///< the line need not name it
};

const std::array<ContractLine::Option, ContractLine::option_count> ContractLine::options_table = {{
    {"from_logits", read_flag, [](const Contract& c) -> Key { return c.options.from_logits ? 1 : 0; },
     [](const Contract& c) { return !c.options.from_logits; }},
    {"reduction", read_reduction, [](const Contract& c) { return static_cast<Key>(c.options.reduction); },
     [](const Contract& c) { return c.options.reduction == Reduction::none; }},
    {"axis", read_flag, [](const Contract& c) -> Key { return c.options.axis ? 1 : 0; },
     [](const Contract& c) { return !c.options.axis; }},
    {"epsilon", read_number, [](const Contract& c) { return key_of(clip_epsilon(c)); },
     [](const Contract& c) { return !c.options.epsilon; }},
    {"label_smoothing", read_number, [](const Contract& c) { return key_of(c.options.label_smoothing); },
     [](const Contract& c) { return c.options.label_smoothing == 0; }},
    {"pos_weight", read_number, [](const Contract& c) { return key_of(c.options.pos_weight.value_or(1)); },
     [](const Contract& c) { return !c.options.pos_weight; }},
    {"ignore_index", read_index, [](const Contract& c) -> Key { return c.options.ignore_index.value_or(no_index); },
     [](const Contract& c) { return !c.options.ignore_index; }},
    {"class_weights", read_flag, [](const Contract& c) -> Key { return c.options.class_weights ? 1 : 0; },
     [](const Contract& c) { return !c.options.class_weights; }},
    {"sample_weights", read_flag, [](const Contract& c) -> Key { return c.options.sample_weights ? 1 : 0; },
     [](const Contract& c) { return !c.options.sample_weights; }},
}};

ContractLine::ContractLine(std::string_view text) {
  if (text.size() > max_contract_line) {
    throw BadInput("longer than " + std::to_string(max_contract_line) + " characters: split it");
  }
  const auto bad = std::find_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
  if (bad != text.end()) {
    throw BadInput("character " + std::to_string(bad - text.begin() + 1) + " is not printable ASCII: write plain text");
  }
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) note_ = printable(text.substr(hash + 1), max_contract_line);

  std::vector<std::string_view> words = split(text.substr(0, hash), ' ');
  std::erase(words, std::string_view());
  if (words.size() < 4) {
    throw BadInput(
        "expected 'FUNCTIONS DIALECTS FORMATS PASSES [OPTION...] [# NOTE]', as in 'sigmoid exact f32 forward', not " +
        quoted(text));
  }
  functions_ = set_of(words[0], parse_function);
  dialects_ = set_of(words[1], parse_dialect);
  formats_ = set_of(words[2], parse_format);
  passes_ = set_of(words[3], parse_pass);
  for (std::size_t i = 4; i < words.size(); ++i) read_option(words[i]);
}

void ContractLine::read_option(std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const auto option =
      std::find_if(options_table.begin(), options_table.end(), [&](const Option& o) { return o.name == name; });
  if (option == options_table.end()) {
    std::vector<std::string> known;
    for (const Option& o : options_table) known.emplace_back(o.name);
    throw BadInput("unknown option " + quoted(name) + ": did you mean " + nearest_names(name, known, 1).front() + "?");
  }
  auto& values = named_[static_cast<std::size_t>(option - options_table.begin())];
  if (values) throw BadInput("option " + std::string(name) + " is named twice: put its values in one list");
  values.emplace();
  if (equals == std::string_view::npos) return;
  for (const std::string_view text : split(word.substr(equals + 1), ',')) {
    try {
      values->push_back(option->read(text));
    } catch (const BadInput& why) {
      throw BadInput("option " + std::string(name) + ": " + why.what());
    }
  }
}

bool ContractLine::covers(const Contract& contract) const {
  if (!holds(functions_, contract.function) || !holds(dialects_, contract.dialect) ||
      !holds(formats_, contract.format) || !holds(passes_, contract.pass)) {
    return false;
  }
  for (std::size_t i = 0; i < option_count; ++i) {
    const Option& option = options_table[i];
    if (!named_[i]) {
      if (!option.is_default(contract)) return false;
    } else if (!named_[i]->empty() && std::ranges::find(*named_[i], option.value(contract)) == named_[i]->end()) {
      return false;
    }
  }
  return true;
}

DeclaredContracts::DeclaredContracts(const std::string& subject, std::span<const std::string> lines) {
  if (lines.size() > max_contract_lines) {
    throw BadInput(subject + ": over " + std::to_string(max_contract_lines) +
                   " contract lines: end the list with NULL, and join lines with comma-separated lists");
  }
  for (const std::string& line : lines) {
    try {
      lines_.emplace_back(line);
    } catch (const BadInput& why) {
      throw BadInput(subject + ": contract line " + std::to_string(lines_.size() + 1) + ": " + why.what());
    }
  }
}

const ContractLine* DeclaredContracts::find(const Contract& contract) const {
  const auto line = std::ranges::find_if(lines_, [&](const ContractLine& l) { return l.covers(contract); });
  return line == lines_.end() ? nullptr : &*line;
}

std::optional<std::size_t> DeclaredContracts::line(const Contract& contract) const {
  const ContractLine* line = find(contract);
  return line == nullptr ? std::nullopt : std::optional(static_cast<std::size_t>(line - lines_.data()));
}

std::string DeclaredContracts::note(const Contract& contract) const {
  const ContractLine* line = find(contract);
  return line == nullptr ? "" : line->note();
}

}  // namespace lossaudit
