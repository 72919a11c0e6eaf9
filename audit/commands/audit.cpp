#include <memory>

#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/replay.hpp"
#include "audit/commands/run_arguments.hpp"

namespace lossaudit {
namespace {

struct Arguments {
  RunArguments run;
  std::vector<std::string> sweeps;
  std::string case_text;
  bool exhaustive = false;
};

int audit(const Arguments& a, const std::vector<std::string>& command_line) {
  stop_when_asked();
  if (!a.case_text.empty()) {
    if (a.run.contracts.size() > 1) throw BadInput("--case is of one contract: give --contract once");
    return replay_case(gated_subjects(a.run), profile_named(a.run.profile), a.run.contracts.front(), a.case_text) ? 0
                                                                                                                  : 1;
  }
  AuditRequest request = request_of(a.run);
  if (!a.sweeps.empty()) mark("--sweep", a.sweeps, request.subjects, &AuditedSubject::swept);
  request.exhaustive = a.exhaustive || !a.sweeps.empty();
  request.quick_sweeps = !a.exhaustive;
  return run_and_leave(request, a.run, command_line);
}

}  // namespace

void add_audit(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("audit", "Measures subjects against the exact results.");
  CLI::Option* time = add_run_options(*command, a->run, "every generator once");
  add_list_option(*command, "--sweep", a->sweeps,
                  "Also try every f32 input of the functions of one argument, and of the binary loss from logits every "
                  "f32 output with five targets, on these subjects")
      ->option_text("SUBJECT,..")
      ->excludes(time);
  command
      ->add_flag(
          "--exhaustive", a->exhaustive,
          "The same on all subjects, or on those of --sweep, and of the binary loss from probabilities and in other "
          "dialects too, in f16 and bf16 every output with every target")
      ->excludes(time);
  command
      ->add_option(
          "--case", a->case_text,
          "Measure this case of the contract alone, as a finding's replay does: 'output=0x1p+0 target=1', or @FILE")
      ->option_text("CASE")
      ->needs("--contract")
      ->excludes("--baseline")
      ->excludes("--expected");
  command->callback([a, &program] { program.status = audit(*a, program.arguments); });
}

}  // namespace lossaudit
