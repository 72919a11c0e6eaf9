// An audit: contract → inputs → the reference (once a batch, however many subjects) and every subject → measure → run
// record.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/hunt/corpus.hpp"
#include "audit/plan.hpp"
#include "audit/profile.hpp"
#include "audit/record.hpp"
#include "audit/shard.hpp"
#include "audit/subject.hpp"
#include "audit/verdict.hpp"

namespace lossaudit {

/// A subject as the user named it.
struct AuditedSubject {
  std::unique_ptr<Subject> subject;
  std::string name;      ///< in the run record; no two are the same
  std::string argument;  ///< what names it on a command line: "fast", "./libmine.so:mine"
  bool gated = true;     ///< what is found on it decides the exit status
  bool swept = true;     ///< is one of those that AuditRequest::exhaustive is about
};

/// The part of an audit that searches for the worst inputs (hunt/search.hpp).
struct HuntRequest {
  bool only = false;           ///< nothing but that, under every contract; else those of rows, reductions and f64
  std::uint64_t searches = 2;  ///< of each contract, in a round
  bool compare_random = false;
  Corpus corpus;  ///< what searches begin from
  /// Told of the cases that the figures rest on, largest and smallest.
  std::function<void(const Contract& contract, const Batch& one)> found = {};
};

struct AuditRequest {
  std::vector<AuditedSubject> subjects;
  Filter filter;
  const Profile* profile = nullptr;
  std::uint64_t seed = 1;
  /// How long to go on trying further inputs. Without it every generator is used once, and the inputs depend on the
  /// seed alone.
  std::optional<std::chrono::milliseconds> time;
  /// Values of the output argument that each generator makes for a contract without options.
  std::size_t elements = 100000;
  /// Sweep over every value of the arguments of which all can be tried (sweep.hpp), on top of the generators.
  bool exhaustive = false;
  /// Of the sweeps only those over every f32 of the functions of one argument, and of the binary loss of dialect exact from
  /// logits.
  bool quick_sweeps = false;
  /// That work at a time; 0: as many as the machine has processors. The record does not depend on it.
  std::size_t threads = 0;
  /// Only this part of the work. The record then says so, and holds what merging it with the others takes.
  std::optional<Shard> shard;
  HuntRequest hunt;
  /// Where cases too long for a command line are written; empty: nowhere.
  std::filesystem::path case_directory;
  /// Where the audit keeps how far it is, several times a minute, until it is through; empty: nowhere.
  std::filesystem::path checkpoint;
  /// Go on from what an audit of the same request left there, if it left anything.
  bool resume = false;
  /// Asked now and then; once it says yes, what was done is concluded and the record is marked as interrupted.
  std::function<bool()> stop;
  /// Told how far the work is, in [0, 1], several times a second at most.
  std::function<void(double done, std::string_view what)> progress;
  /// Told, in a line each, what the record does not show.
  std::function<void(const std::string& text)> remark;
};

/// Audits every subject under every planned contract that it supports. What a subject does (crash, hang, refuse) ends
/// up in the record and never ends the audit. Throws BadInput when no subject supports any of the contracts, and when
/// the reference cannot judge one of them (a pass that it has not). The record lacks `command` and `started`, which the
/// caller knows.
RunRecord run_audit(AuditRequest& request);

}  // namespace lossaudit
