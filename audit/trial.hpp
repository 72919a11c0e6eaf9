// One subject under one contract: what was seen, and what the record says of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/subject.hpp"
#include "audit/sweep.hpp"

namespace lossaudit {

struct Trial {
  Trial(const Contract& contract, const Budget& budget)
      : contract(contract), budget(budget), results(contract, budget) {}

  Contract contract;
  Budget budget;
  Accumulator results;
  std::vector<std::size_t> generators;  ///< those it has seen, by index, in order
  bool covered = false;                 ///< a generator that covers the domain went through without a gap
  std::vector<SweepState> sweeps;       ///< of the contract's plan; empty: none was begun
  std::size_t refused = 0, crashes = 0;
  bool stopped = false;
  Outcome failure;  ///< the first crash, hang or failure, and its batch
  std::shared_ptr<const Batch> failed_on;

  [[nodiscard]] bool tried() const { return results.count() > 0 || refused > 0 || failed(); }
  [[nodiscard]] bool failed() const { return failure.kind != Outcome::Kind::computed; }
};

/// What conclude() needs to look for witnesses.
struct Conclusion {
  Subject& subject;
  std::string command;       ///< what shows a case again, once --contract and --case follow
  std::string_view profile;  ///< that the command is to be told
  std::uint64_t seed = 0;
  std::function<std::filesystem::path()> case_file;  ///< a new place for a case too long for a command line, or ""
  std::function<bool()> may_reduce;                  ///< is there time left to look for smaller cases?
};

/// The record of a trial, with its witnesses and its verdict; the subject's name is the caller's. Nothing when time ran out before the
/// contract had its turn.
std::optional<Accuracy> conclude(Trial& trial, const Conclusion& conclusion);

}  // namespace lossaudit
