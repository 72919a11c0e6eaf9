// For a function that reads a structure or fills it, field by field.
#pragma once

#include <concepts>
#include <type_traits>

namespace lossaudit {

/// Type, or const Type.
template <class Candidate, class Type>
concept MaybeConst = std::same_as<std::remove_const_t<Candidate>, Type>;

}  // namespace lossaudit
