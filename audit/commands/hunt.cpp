#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/run_arguments.hpp"
#include "audit/hunt/corpus.hpp"

namespace lossaudit {
namespace {

struct Arguments {
  RunArguments run;
  std::string corpus;
  std::uint64_t searches = 24;
  bool compare_random = false;
};

int hunt(const Arguments& a, const std::vector<std::string>& command_line) {
  stop_when_asked();
  // What it is told is read before any work is done.
  Corpus corpus;
  if (!a.corpus.empty()) corpus = load_corpus(a.corpus);
  AuditRequest request = request_of(a.run);
  request.hunt.only = true;
  request.hunt.searches = a.run.seconds > 0 ? 1 : a.searches;
  request.hunt.compare_random = a.compare_random;
  request.hunt.corpus = corpus;
  request.hunt.found = [&corpus](const Contract& contract, const Batch& one) { corpus.add(contract, one); };
  const int status = run_and_leave(request, a.run, command_line);
  // A hunt goes on from the corpus that it began with.
  const bool goes_on = !request.checkpoint.empty() && std::filesystem::exists(request.checkpoint);
  if (!a.corpus.empty() && !goes_on) {
    save_corpus(corpus, a.corpus);
    fmt::print("corpus: {}, {} cases\n", a.corpus, corpus.size());
  }
  return status;
}

}  // namespace

void add_hunt(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("hunt", "Searches for the inputs with the largest errors.");
  CLI::Option* time = add_run_options(*command, a->run, "a fixed number of searches");
  command->add_option("--searches", a->searches, "Searches under each contract")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32))
      ->capture_default_str()
      ->excludes(time);
  command
      ->add_option("--corpus", a->corpus,
                   "Known bad cases to begin from; what is found is added (lines: CONTRACT | CASE)")
      ->option_text("FILE");
  command->add_flag("--compare-random", a->compare_random,
                    "Also try as many random cases of the same shapes, and tell their largest error");
  command->callback([a, &program] { program.status = hunt(*a, program.arguments); });
}

}  // namespace lossaudit
