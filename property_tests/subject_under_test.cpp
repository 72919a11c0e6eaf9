#include "property_tests/subject_under_test.hpp"

#include <limits>
#include <set>
#include <utility>

#include "audit/case.hpp"
#include "audit/profile.hpp"

namespace lossaudit::conform {
namespace {

struct Chosen {
  std::unique_ptr<Subject> subject;
  std::string argument;
  std::set<std::string> hung;  ///< contracts that ran past their time limit
};

Chosen& chosen() {
  static Chosen instance;
  return instance;
}

/// Option sets that are tried with every dialect, from_logits and reduction.
std::vector<Options> extra_options() {
  std::vector<Options> sets(1);
  const auto add = [&](auto set) { set(sets.emplace_back()); };
  add([](Options& o) { o.epsilon = 1e-3; });
  add([](Options& o) { o.epsilon = 1e-9; });
  add([](Options& o) { o.label_smoothing = 0.1; });
  add([](Options& o) { o.pos_weight = 2; });
  add([](Options& o) { o.ignore_index = 1; });
  add([](Options& o) { o.class_weights = true; });
  add([](Options& o) { o.sample_weights = true; });
  add([](Options& o) {
    o.label_smoothing = 0.1;
    o.pos_weight = 2;
    o.sample_weights = true;
  });
  add([](Options& o) {
    o.label_smoothing = 0.1;
    o.class_weights = o.sample_weights = true;
  });
  add([](Options& o) {
    o.label_smoothing = 0.1;
    o.ignore_index = 1;
    o.class_weights = o.sample_weights = true;
  });
  return sets;
}

/// All contracts of a function and format that this suite asks for, whoever supports them.
std::vector<Contract> known_contracts(Function function, Format format, Pass pass) {
  std::vector<Contract> contracts;
  const auto add = [&](Dialect dialect, const Options& options) {
    const Contract contract{function, dialect, format, pass, options};
    if (is_meaningful(contract)) contracts.push_back(contract);
  };
  for (const DialectTraits& dialect : dialects()) {
    for (const bool from_logits : {false, true}) {
      for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
        for (Options options : extra_options()) {
          options.from_logits = from_logits;
          options.reduction = reduction;
          add(dialect.dialect, options);
        }
        Options along_another_axis;
        along_another_axis.axis = true;
        along_another_axis.from_logits = from_logits;
        along_another_axis.reduction = reduction;
        add(dialect.dialect, along_another_axis);
      }
    }
  }
  return contracts;
}

}  // namespace

void choose_subject(const std::string& argument) {
  auto subjects = open_subjects(argument);
  if (subjects.size() != 1) {
    std::string names;
    for (const auto& subject : subjects) names += (names.empty() ? "" : ", ") + subject->name();
    throw BadInput("'" + argument + "' holds " + std::to_string(subjects.size()) + " subjects (" + names +
                   "): name one, as in " + argument + ":NAME");
  }
  choose_subject(std::move(subjects.front()), argument);
}

void choose_subject(std::unique_ptr<Subject> subject, const std::string& argument) {
  chosen() = {std::move(subject), argument, {}};
  if (supported_formats().empty()) {
    throw BadInput("'" + argument + "' supports no contract of this suite: its declaration names none of its " +
                   "functions (lossaudit list functions)");
  }
}

const std::string& subject_argument() { return chosen().argument; }

std::vector<Format> supported_formats() {
  std::vector<Format> formats;
  for (const FormatTraits& format : format_table) {
    bool any = false;
    for (const FunctionTraits& function : functions()) {
      for (const Pass pass : {Pass::forward, Pass::gradient}) {
        any = any || !supported_contracts(function.function, format.format, pass).empty();
      }
    }
    if (any) formats.push_back(format.format);
  }
  return formats;
}

bool supports(const Contract& contract) { return is_meaningful(contract) && chosen().subject->supports(contract); }

std::vector<Contract> supported_contracts(Function function, Format format, Pass pass) {
  std::vector<Contract> contracts;
  for (const Contract& contract : known_contracts(function, format, pass)) {
    if (chosen().subject->supports(contract)) contracts.push_back(contract);
  }
  return contracts;
}

std::string alone(const Contract& contract, const Batch& batch) {
  constexpr std::size_t longest = 4000;
  const std::string command = replay_command(subject_argument(), contract, batch);
  return command.size() <= longest ? "\n  alone: " + command : "";
}

std::vector<double> compute(const Contract& contract, const Batch& batch) {
  const std::string text = to_string(contract);
  if (chosen().hung.contains(text))
    throw SubjectHung("the subject hung on this contract before: it is not asked again");
  std::vector<double> results(result_size(contract, batch.shape), std::numeric_limits<double>::quiet_NaN());
  const Outcome outcome = chosen().subject->compute(contract, batch, results);
  if (outcome.kind == Outcome::Kind::computed) return results;
  const std::string again = alone(contract, batch);
  switch (outcome.kind) {
    case Outcome::Kind::hung:
      chosen().hung.insert(text);
      throw SubjectHung("the subject hung: " + outcome.detail + again);
    case Outcome::Kind::crashed:
      throw SubjectFailure("the subject crashed: " + outcome.detail + again);
    case Outcome::Kind::unsupported:
      throw SubjectFailure("the subject declares this contract and then refuses it: " + outcome.detail + again);
    default:
      throw SubjectFailure("the subject failed: " + outcome.detail + again);
  }
}

double budget_ulps(const Contract& contract) { return budget(profile_named("faithful"), contract).ulp; }

}  // namespace lossaudit::conform
