#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/commands/commands.hpp"
#include "audit/profile.hpp"
#include "audit/subject.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

std::string_view layout_text(Layout layout) {
  switch (layout) {
    case Layout::elementwise:
      return "elementwise";
    case Layout::row_to_row:
      return "row to row";
    case Layout::row_to_value:
      return "row to value";
  }
  return "";
}

void list_functions() {
  for (const FunctionTraits& f : functions()) {
    fmt::print("{:<32} {:<13} {}\n", f.name, layout_text(f.layout), f.formula);
  }
}

/// The dialect's own ε: one figure where the formats share it, else one a format.
std::string epsilon_text(const DialectTraits& d) {
  const auto figure = [](double epsilon) { return epsilon == 0 ? "none" : fmt::format("{:.3g}", epsilon); };
  if (std::ranges::all_of(d.epsilon, [&d](double epsilon) { return epsilon == d.epsilon[0]; })) {
    return figure(d.epsilon[0]);
  }
  std::string text;
  for (const FormatTraits& t : format_table) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", t.name, figure(d.epsilon[static_cast<std::size_t>(t.format)]));
  }
  return text;
}

/// Which cross-entropies it defines: from probabilities, from logits, or both.
std::string defined_text(const DialectTraits& d) {
  const auto from = [](const Path& probabilities, const Path& logits) {
    return probabilities.defined && logits.defined ? "both"
           : probabilities.defined                 ? "probabilities"
           : logits.defined                        ? "logits"
                                                   : "-";
  };
  return fmt::format("{:<14} {:<14} {:<14}", from(d.binary, d.binary_logits), from(d.categorical, d.categorical_logits),
                     from(d.sparse, d.sparse_logits));
}

void list_dialects() {
  fmt::print("{:<8} {:<14} {:<14} {:<14} {}\n", "dialect", "binary from", "categorical", "sparse", "epsilon");
  for (const DialectTraits& d : dialects()) {
    fmt::print("{:<8} {} {}\n         {}\n", d.name, defined_text(d), epsilon_text(d), d.source);
  }
}

/// Contracts of a profile with the same budget.
struct SameBudget {
  Format format;
  std::string text, zero;
  std::vector<std::string> functions;  ///< with the pass where it is the gradient
};

/// "a 0 passes up to 1e-5": the largest exact result that may be lost whole.
std::string zero_text(const Budget& budget, Format format) {
  const auto figure = [&](std::size_t classes) {
    const double most = zero_passes_up_to(budget, format, classes);
    return std::isinf(most) ? std::string("any") : fmt::format("{:.3g}", most);
  };
  if (budget.ulp_per_class == 0) return figure(1);
  std::string text = fmt::format("{} at 10 classes", figure(10));
  if (const auto from = zero_always_passes_from(budget, format)) text += fmt::format(", any from {} on", *from);
  return text;
}

/// What the profile says of every function, formats that it does not tell apart on lines of their own, for their ulps
/// differ.
void list_budgets(const Profile& profile) {
  std::vector<SameBudget> budgets;
  std::vector<std::string> without;
  std::size_t all = 0;
  for (const FunctionTraits& f : functions()) {
    for (const Pass pass : {Pass::forward, Pass::gradient}) {
      ++all;
      const std::string name = std::string(f.name) + (pass == Pass::gradient ? " gradient" : "");
      bool any = false;
      for (const FormatTraits& t : format_table) {
        Contract contract{f.function, Dialect::exact, t.format, pass, {}};
        Budget own = budget(profile, contract);
        if (own.none && f.output == Domain::either) {
          contract.options.from_logits = true;
          own = budget(profile, contract);
        }
        if (own.none) continue;
        any = true;
        const std::string text = to_text(own), zero = zero_text(own, t.format);
        const auto same = std::ranges::find_if(
            budgets, [&](const SameBudget& b) { return b.format == t.format && b.text == text && b.zero == zero; });
        SameBudget& entry = same == budgets.end() ? budgets.emplace_back(SameBudget{t.format, text, zero, {}}) : *same;
        entry.functions.push_back(name + (contract.options.from_logits ? " from_logits" : ""));
      }
      if (!any) without.push_back(name);
    }
  }
  for (const SameBudget& b : budgets) {
    const std::string names =
        b.functions.size() == all ? "every function" : fmt::format("{}", fmt::join(b.functions, ", "));
    fmt::print("  {:<5} {}: {}\n        a 0 passes for |exact| up to {}\n", traits(b.format).name, names, b.text,
               b.zero);
  }
  if (!without.empty()) fmt::print("  no budget, so measured without a verdict: {}\n", fmt::join(without, ", "));
}

void list_profiles() {
  for (const Profile& p : profiles()) {
    fmt::print("{}: {}\n  source: {}\n", p.name, p.description, p.source);
    list_budgets(p);
    fmt::print("\n");
  }
}

void list_formats() {
  fmt::print("{:<6} {:>9} {:>22} {:>22} {:>22}\n", "format", "precision", "smallest", "smallest normal", "largest");
  for (const FormatTraits& t : format_table) {
    const auto decimal = [&t](double x) { return to_decimal(t.format, x); };
    fmt::print("{:<6} {:>9} {:>22} {:>22} {:>22}\n", t.name, t.precision, decimal(smallest(t.format)),
               decimal(step(t.format, 0, std::int64_t{1} << (t.precision - 1))), decimal(largest(t.format)));
  }
}

/// What a subject says of its version, or why it cannot. A library loads in milliseconds.
std::string version_of(const KnownSubject& known) {
  if (!known.version.empty()) return known.version;
  try {
    return open_subjects(known.name).front()->version();
  } catch (const BadInput& why) {
    return why.what();
  }
}

void list_subjects() {
  const std::vector<KnownSubject> known = known_subjects();
  const auto widest = [&](std::string KnownSubject::*column, std::size_t least) {
    for (const KnownSubject& k : known) least = std::max(least, (k.*column).size());
    return least;
  };
  const std::size_t name = widest(&KnownSubject::name, 0), description = widest(&KnownSubject::description, 0);
  for (const KnownSubject& k : known) {
    if (k.ready) fmt::print("{:<{}}  {:<{}}  {}\n", k.name, name, k.description, description, version_of(k));
  }
  for (const auto& [argument, what] : {std::pair("PATH.so", "any shared library that implements audit/subject.h"),
                                       std::pair("PATH.so:NAME", "one of several in it"),
                                       std::pair("'cmd:COMMAND'", "any program that speaks adapters/protocol.md")}) {
    fmt::print("{:<{}}  {}\n", argument, name, what);
  }
  if (std::ranges::all_of(known, &KnownSubject::ready)) return;
  fmt::print("\nNot ready, with the line that readies each:\n");
  for (const KnownSubject& k : known) {
    if (!k.ready) fmt::print("{:<{}}  {:<{}}  {}\n", k.name, name, k.description, description, k.remedy);
  }
}

constexpr std::pair<std::string_view, void (*)()> lists[] = {
    {"functions", list_functions}, {"dialects", list_dialects}, {"profiles", list_profiles},
    {"subjects", list_subjects},   {"formats", list_formats},
};

}  // namespace

void add_list(CLI::App& app, Program& /*program*/) {
  const auto what = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("list", "What there is: functions, dialects, profiles, subjects or formats.");
  command->add_option("WHAT", *what, "functions, dialects, profiles, subjects or formats");
  command->callback([what] {
    std::vector<std::string> names;
    for (const auto& [name, print] : lists) {
      if (name == *what) return print();
      names.emplace_back(name);
    }
    const std::string wrong = what->empty() ? "list what?" : "nothing to list is called '" + *what + "':";
    throw BadInput(fmt::format("{} Use {}", wrong, fmt::join(names, ", ")));
  });
}

}  // namespace lossaudit
