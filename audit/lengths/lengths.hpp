// Errors over lengths: how a subject's sums and rows fare from 1 to very many terms, what that betrays of how it adds them
// up, and whether a result is the same to the bit wherever it is computed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "audit/auditor.hpp"

namespace lossaudit {

struct LengthsRequest {
  std::vector<AuditedSubject> subjects;
  Filter filter;  ///< formats: f32 where none is named; f16 and bf16, whose sums overflow, are left out
  std::uint64_t longest = 10000000;  ///< no call has more terms
  std::uint64_t seed = 1;
  /// Where the run keeps how far it is, several times a minute, until it is through; empty: nowhere.
  std::filesystem::path checkpoint;
  bool resume = false;         ///< go on from what a run of the same request left there, if it left anything
  std::function<bool()> stop;  ///< asked now and then
  std::function<void(double done, std::string_view what)> progress;
};

/// No call is asked for more: two classes of f32 with a dense target then take 1.6 GB, and as much again in the memory that
/// a subject of a process of its own sees; f64 twice that.
inline constexpr std::uint64_t most_terms = 100000000;

/// The record's `lengths`, of every contract without other options than from_logits and a reduction that a subject
/// supports. Lengths are powers of two, so that means divide without an error, and at last the longest. Throws BadInput when
/// there is none, or what is to be gone on from does not fit. The record lacks `command` and `started`; one that was stopped
/// is marked as interrupted and holds the curves as far as they go.
RunRecord run_lengths(const LengthsRequest& request);

}  // namespace lossaudit
