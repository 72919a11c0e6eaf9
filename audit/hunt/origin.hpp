// How a case that a hunt sighted is named, so that it can be made again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reference/contract.hpp"

namespace lossaudit {

inline constexpr std::string_view hunt_origin = "hunt/";

/// The origin of what search `index` sighted at its `step`-th call: "hunt/INDEX/STEP/CASE", the case as text, for it is
/// nowhere else; and the batch that has this origin, or null.
std::string hunted_origin(const Contract& contract, std::uint64_t index, std::uint64_t step, const Batch& batch);
std::shared_ptr<const Batch> hunted_batch(const Contract& contract, const std::string& origin);

}  // namespace lossaudit
