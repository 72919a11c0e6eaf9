// What several trials of one subject under one contract saw, put together.
#pragma once

#include <array>

#include "audit/trial.hpp"

namespace lossaudit {

/// What is now the other trial's: whatever shows it (Exhibits) goes with it.
struct Merged {
  std::array<bool, Accumulator::sightings> sightings{};  ///< as Accumulator::each_sighting() has them
  bool failure = false, hunted = false, lost = false;
};

/// Adds what a trial saw of other inputs. In whatever order trials are added, the same comes of it.
Merged add(Trial& mine, const Trial& more);

}  // namespace lossaudit
