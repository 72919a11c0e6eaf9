// Where an input stands among all that an audit tries: the order that decides between results that show the same.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "audit/accumulator.hpp"

namespace lossaudit {

/// The origin of a batch ("GENERATOR/ROUND/INDEX", "every_input/TARGET/FIRST/COUNT") and the result's index, so that an
/// audit comes to the lower one first.
struct Place {
  std::uint64_t round = 0, kind = 0;
  std::array<std::uint64_t, 3> within{};
  std::uint64_t result = 0;
  std::string origin;  ///< between names that this version does not know
  // NOLINTNEXTLINE(modernize-use-nullptr): the check mistakes its zeros
  auto operator<=>(const Place&) const = default;
};

/// The place of what `sighting`, whose batch needs no more than its origin, was seen at.
Place place_of(const Contract& contract, const Sighting& sighting);

}  // namespace lossaudit
