// The search for a contract's worst input: one search from its seeds to where it gets no further.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "audit/accumulator.hpp"
#include "audit/hunt/state.hpp"
#include "audit/subject.hpp"

namespace lossaudit {

/// What is hunted, and where it is noted.
struct Hunt {
  Subject& subject;
  const Contract& contract;
  Accumulator& results;
  HuntState& state;
  bool in_means = true;  ///< its results count for the mean error too (Accumulator::add_sought())
  std::uint64_t seed = 1;
  std::size_t elements = 0;            ///< outputs that a search of the first size tries
  bool compare_random = false;         ///< put as many ordinary random cases to the subject
  std::span<const Batch> corpus = {};  ///< cases that searches begin from, as the first of them does from corpus[0]
  std::function<bool()> stop = {};     ///< asked now and then
  /// Told of a call that gave no results; whether to go on with further searches is not this one's matter.
  std::function<void(const Outcome& outcome, const std::shared_ptr<const Batch>& batch)> failed = {};
};

/// Does search number `index`: seeds, then bisection over the encoding of single numbers of the best case and of its
/// offset, then climbing from case to case. A loss (a broken rule, or nothing left of a result) ends it. What it tries
/// depends on the hunt's seed, contract and corpus, on `index` and on the subject's results alone: on no other search.
/// False when it was stopped in the middle.
bool search(Hunt& hunt, std::uint64_t index);

}  // namespace lossaudit
