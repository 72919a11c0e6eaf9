#include "audit/commands/certify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "audit/certificate.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/progress.hpp"
#include "audit/machine.hpp"
#include "audit/shard.hpp"
#include "audit/workers.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> claims;
  std::string judge = "pairs", shard = "1/1", output;
  bool list = false;
};

std::vector<const Claim*> chosen(const std::vector<std::string>& names) {
  std::vector<const Claim*> all;
  for (const std::string& name : names) {
    for (const Claim* claim : claims_named(name)) {
      if (std::find(all.begin(), all.end(), claim) == all.end()) all.push_back(claim);
    }
  }
  if (names.empty()) {
    for (const Claim& claim : claims()) all.push_back(&claim);
  }
  return all;
}

Certificate begun(const Arguments& a, Judge judge) {
  Certificate fresh{tool_revision(), judge, {}};
  if (a.output.empty() || !fs::exists(a.output)) return fresh;
  Certificate certificate = load_certificate(a.output);
  if (certificate.revision != fresh.revision || certificate.judge != judge) {
    throw BadInput(a.output +
                   ": was begun by another revision or with another judge: remove it, or name another file with -o");
  }
  return certificate;
}

int certify_all(const Arguments& a) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds between_saves{5};
  if (a.judge != "pairs" && a.judge != "intervals") throw BadInput("--judge '" + a.judge + "': use pairs or intervals");
  const Judge judge = a.judge == "pairs" ? Judge::pairs : Judge::intervals;
  const Shard shard = parse_shard(a.shard);
  Certificate certificate = begun(a, judge);

  struct Work {
    const Claim* claim;
    std::size_t block;
  };
  std::vector<Work> work;
  for (const Claim* claim : chosen(a.claims)) {
    ClaimState& state = certificate.claims[std::string(claim->name)];
    state.done.resize(block_count(*claim));
    for (std::size_t b = 0; b < state.done.size(); ++b) {
      if (shard.owns(b) && !state.done[b]) work.push_back({claim, b});
    }
  }
  const auto save = [&] {
    if (!a.output.empty()) save_certificate(certificate, a.output);
  };
  save();  // says at once when it cannot

  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  OrderedWorkers<Certified> workers(cores);
  Progress progress;
  Clock::time_point saved = Clock::now();
  std::size_t given = 0;
  stop_when_asked();
  std::size_t taken = 0;
  for (; taken < work.size() && !asked_to_stop(); ++taken) {
    for (; given < work.size() && workers.pending() < 3 * cores; ++given) {
      workers.give([w = work[given], judge] { return certify(*w.claim, w.block, judge); });
    }
    ClaimState& state = certificate.claims[std::string(work[taken].claim->name)];
    state.found += workers.take();
    state.done[work[taken].block] = true;
    progress.show(static_cast<double>(taken + 1) / static_cast<double>(work.size()), work[taken].claim->name);
    if (Clock::now() - saved < between_saves) continue;
    save();
    saved = Clock::now();
  }
  save();
  progress.clear();
  const bool holds = print(certificate);
  if (taken < work.size()) {
    fmt::print(stderr, "lossaudit: stopped with {} of {} blocks to do: {}\n", work.size() - taken, work.size(),
               a.output.empty() ? "with -o FILE it could go on where it was stopped"
                                : "the same command goes on where it was stopped");
    return 2;
  }
  return holds ? 0 : 1;
}

}  // namespace

bool print(const Certificate& certificate) {
  bool holds = true;
  fmt::print("{:<40} {:<22} {:>13} {:>13} {:>10} {:>9}  {}\n", "claim", "", "inputs", "not enclosed", "undecided",
             "tightest", "at");
  for (const Claim& claim : claims()) {
    const auto found = certificate.claims.find(std::string(claim.name));
    if (found == certificate.claims.end()) continue;
    const Certified& f = found->second.found;
    const auto done = std::count(found->second.done.begin(), found->second.done.end(), true);
    const bool whole = static_cast<std::size_t>(done) == found->second.done.size();
    holds = holds && f.broken == 0;
    const std::string verdict = f.broken > 0 ? fmt::format("BROKEN by {}", grouped(f.broken))
                                : !whole     ? fmt::format("holds on {} of {}", done, found->second.done.size())
                                : claim.format == Format::f32 ? "proved"
                                                              : "observed";
    fmt::print("{:<40} {:<22} {:>13} {:>13} {:>10} {:>9}  {}\n", claim.name, verdict, grouped(f.inputs),
               grouped(f.unknown), grouped(f.undecided), round_up(f.tightest),
               to_hex(claim.format, f.broken > 0 ? f.broken_at : f.tightest_at));
  }
  return holds;
}

void add_certify(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("certify", "Tries the bulk oracle's error bounds: every f32 input, and random ones of f64.");
  command->add_option("CLAIM", a->claims, "A function, or a claim of --list in quotes (default: all)");
  command->add_option("--judge", a->judge, "pairs (double-double, minutes a claim) or intervals (hours)")
      ->capture_default_str();
  command->add_option("--shard", a->shard, "Only the i-th of n parts of the work (lossaudit merge)")
      ->option_text("I/N");
  command->add_option("-o", a->output, "Certificate to leave, and to go on from where it exists")->option_text("FILE");
  command->add_flag("--list", a->list, "The claims");
  command->callback([a, &program] {
    if (a->list) {
      for (const Claim& claim : claims()) fmt::print("{}\n", claim.name);
    } else {
      program.status = certify_all(*a);
    }
  });
}

}  // namespace lossaudit
