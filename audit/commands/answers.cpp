#include "audit/commands/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/case.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

std::string with_decimal(const Contract& contract, const std::string& hex) {
  const auto number = parse_number(contract.format, hex.substr(0, hex.find('*')));
  return number ? fmt::format("{} ({})", hex, to_decimal(contract.format, *number)) : hex;
}

void print_arguments(const Contract& contract, const Batch& batch) {
  for (const CaseArgument& argument : case_arguments(contract, batch)) {
    std::string line;
    for (const std::string& value : argument.values) {
      const bool is_label = argument.name == "labels";
      line += (line.empty() ? "" : ", ") + (is_label ? value : with_decimal(contract, value));
    }
    fmt::print("  {:<14} {}\n", argument.name, line);
  }
}

void print_results_text(const Contract& contract, const Batch& batch, const std::vector<Exact>& results) {
  fmt::print("{}\n", to_string(contract));
  print_arguments(contract, batch);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Exact& exact = results[i];
    if (results.size() > 1) fmt::print("\nresult {}", i);
    fmt::print("\n  {:<10} {}{}\n", "exact", exact.decimal,
               exact.recommended ? "  (a limit: recommended, not required)" : "");
    if (exact.kind == Expected::Kind::number) {
      fmt::print("  {:<10} [{},\n  {:<10}  {}]\n", "enclosure", exact.lower, "", exact.upper);
    }
    for (const FormatTraits& t : format_table) {
      const double value = exact.each[static_cast<std::size_t>(t.format)].rounded;
      fmt::print("  {:<10} {:<24} {}\n", t.name, to_hex(t.format, value), to_decimal(t.format, value));
    }
  }
}

nlohmann::ordered_json json_of(const Exact& exact) {
  nlohmann::ordered_json entry = {
      {"exact", exact.decimal}, {"lower", exact.lower}, {"upper", exact.upper}, {"recommended", exact.recommended}};
  for (const FormatTraits& t : format_table) {
    const double value = exact.each[static_cast<std::size_t>(t.format)].rounded;
    entry[std::string(t.name)] = {{"hex", to_hex(t.format, value)}, {"decimal", to_decimal(t.format, value)}};
  }
  return entry;
}

void print_results_json(const Contract& contract, const Batch& batch, const std::vector<Exact>& results) {
  nlohmann::ordered_json json;
  json["contract"] = to_string(contract);
  json["case"] = to_case_text(contract, batch);
  json["results"] = nlohmann::ordered_json::array();
  for (const Exact& exact : results) json["results"].push_back(json_of(exact));
  fmt::print("{}\n", json.dump(2));
}

// ---- --dialect all

/// Rounded up in size.
std::string signed_up(double figure) { return (figure < 0 ? "-" : "+") + round_up(std::abs(figure)); }

/// The contract without its dialect.
std::string asked_of_all(const Contract& contract) {
  const std::string options = to_string(contract.options);
  return fmt::format("{} {} {}{}{}", traits(contract.function).name, traits(contract.format).name,
                     to_string(contract.pass), options.empty() ? "" : " ", options);
}

void print_dialects_text(const Contract& contract, const Batch& batch, const std::vector<DialectAnswer>& answers) {
  fmt::print("{}, as each dialect has it\n", asked_of_all(contract));
  print_arguments(contract, batch);
  const FormatTraits& t = traits(contract.format);
  const std::size_t results = answers.front().results.size();
  for (std::size_t i = 0; i < results; ++i) {
    std::size_t width = 8;
    for (const DialectAnswer& a : answers) {
      if (a.refusal.empty()) width = std::max(width, a.results[i].decimal.size());
    }
    if (results > 1) fmt::print("\nresult {}", i);
    fmt::print("\n  {:<8} {:<{}} {:<24} {:>14} {:>14}\n", "dialect", "answer", width, t.name, "relative gap",
               "gap in ulp");
    for (const DialectAnswer& a : answers) {
      if (!a.refusal.empty()) continue;
      const Exact& exact = a.results[i];
      const Gap& gap = a.gaps[i];
      const bool is_same = gap.relative == 0 && gap.ulp == 0;
      fmt::print("  {:<8} {:<{}} {:<24} {:>14} {:>14}\n", traits(a.dialect).name, exact.decimal, width,
                 to_hex(t.format, exact.each[static_cast<std::size_t>(t.format)].rounded),
                 is_same ? "-" : signed_up(gap.relative), is_same ? "-" : round_up(gap.ulp));
    }
  }
  std::string silent;
  for (const DialectAnswer& a : answers) {
    if (a.refusal.empty()) continue;
    Contract own = contract;
    own.dialect = a.dialect;
    if (path_of(own).defined) {
      fmt::print("\n  {}: no answer: {}", traits(a.dialect).name, a.refusal);
    } else {
      silent += fmt::format("{}{}", silent.empty() ? "" : ", ", traits(a.dialect).name);
    }
  }
  fmt::print("{}{}{}", silent.empty() ? "" : "\n  not defined in ", silent, silent.empty() ? "" : "\n");
}

void print_dialects_json(const Contract& contract, const Batch& batch, const std::vector<DialectAnswer>& answers) {
  nlohmann::ordered_json json;
  json["contract"] = asked_of_all(contract);
  json["case"] = to_case_text(contract, batch);
  json["dialects"] = nlohmann::ordered_json::array();
  // JSON holds no infinities and no NaN.
  const auto number = [](double x) -> nlohmann::ordered_json {
    if (std::isfinite(x)) return x;
    return fmt::format("{}", x);
  };
  for (const DialectAnswer& a : answers) {
    nlohmann::ordered_json entry = {{"dialect", traits(a.dialect).name}};
    if (!a.refusal.empty()) {
      entry["refused"] = a.refusal;
    } else {
      entry["results"] = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < a.results.size(); ++i) {
        nlohmann::ordered_json result = json_of(a.results[i]);
        result["gap"]["relative"] = number(a.gaps[i].relative);
        result["gap"]["ulp"] = number(a.gaps[i].ulp);
        entry["results"].push_back(result);
      }
    }
    json["dialects"].push_back(entry);
  }
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

void print_results(const Contract& contract, const Batch& batch, const std::vector<Exact>& results, bool json) {
  (json ? print_results_json : print_results_text)(contract, batch, results);
}

void print_dialects(const Contract& contract, const Batch& batch, const std::vector<DialectAnswer>& answers,
                    bool json) {
  (json ? print_dialects_json : print_dialects_text)(contract, batch, answers);
}

}  // namespace lossaudit
