// One subject under one contract: what was seen, and what the record says of it.
#pragma once

#include <array>
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
#include "audit/hunt/state.hpp"
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
  HuntState hunt;
  std::size_t refused = 0, crashes = 0;
  bool stopped = false;
  Outcome failure;  ///< the first crash, hang or failure, and its batch
  std::shared_ptr<const Batch> failed_on;

  [[nodiscard]] bool tried() const { return results.count() > 0 || hunt.cases > 0 || refused > 0 || failed(); }
  [[nodiscard]] bool failed() const { return failure.kind != Outcome::Kind::computed; }
};

/// What conclude() needs to look for witnesses.
struct Conclusion {
  Subject& subject;
  std::string command;       ///< what shows a case again, once --contract and --case follow
  std::string_view profile;  ///< that the command is to be told
  std::uint64_t seed = 0;
  std::filesystem::path case_directory;  ///< for cases too long for a command line, or ""
  std::function<bool()> may_reduce;      ///< is there time left to look for smaller cases?
  bool hunting = false;                  ///< what the hunt found is shown reduced even within the budget
  /// Told of the cases that the hunt's figures rest on; may be empty.
  std::function<void(const Contract& contract, const Batch& one)> found = {};
};

/// What is shown of a sighting.
struct Exhibit {
  Witness witness;
  double size = 0;  ///< the sighting's, or the larger one of a smaller case
};

/// What a trial is shown by; making them takes the subject.
struct Exhibits {
  std::array<Exhibit, Accumulator::sightings> sightings;  ///< as Accumulator::each_sighting() has them
  Exhibit hunted, lost;                                   ///< HuntState::worst and lost, by smaller cases
  Witness failure;                                        ///< where it failed on a batch
  std::string note;                                       ///< the subject's own remark on the contract
};
Exhibits exhibits_of(const Trial& trial, const Conclusion& conclusion);

/// The record of a trial by what shows it; the subject's name is the caller's.
Accuracy accuracy_of(const Trial& trial, const Exhibits& exhibits, std::uint64_t seed);

/// Both: the record of a trial, with its witnesses and its verdict. Nothing when time ran out before the contract had its
/// turn.
std::optional<Accuracy> conclude(const Trial& trial, const Conclusion& conclusion);

}  // namespace lossaudit
