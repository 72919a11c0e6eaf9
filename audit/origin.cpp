#include "audit/origin.hpp"

#include <algorithm>
#include <charconv>

#include "audit/inputs.hpp"
#include "audit/sweep.hpp"

namespace lossaudit {

Place place_of(const Contract& contract, const Sighting& sighting) {
  Place place;
  place.result = sighting.result;
  if (sighting.batch == nullptr) return place;
  place.origin = sighting.batch->origin;
  const std::string name = place.origin.substr(0, place.origin.find('/'));
  std::array<std::uint64_t, 3> numbers{};
  const char* at = place.origin.data() + name.size();
  const char* const end = place.origin.data() + place.origin.size();
  for (std::uint64_t& number : numbers) {
    if (at == end || std::from_chars(at + 1, end, number).ec != std::errc()) break;
    at = std::find(at + 1, end, '/');
  }
  const auto generator = std::ranges::find(generators(), name, &Generator::name);
  place.kind = static_cast<std::uint64_t>(generator - generators().begin());
  if (generator != generators().end()) {
    place.round = numbers[0];
    place.within = {numbers[1], 0, 0};
  } else if (name == sweep_generator) {
    place.within = {SweepPlan(contract).place_of(decode(contract.format, numbers[0])), numbers[1], numbers[2]};
  } else {
    ++place.kind;
    place.within = numbers;
  }
  return place;
}

}  // namespace lossaudit
