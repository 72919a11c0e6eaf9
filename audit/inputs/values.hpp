// Single values of a format worth trying, by kind: what elementwise functions are given.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// Where values are drawn from.
struct ValueSpace {
  Format format = Format::f32;
  bool probability = false;  ///< [0, 1] instead of all real numbers
  double epsilon = 0;        ///< the dialect's clip, or 0
};

/// The space of a contract's output argument.
ValueSpace output_space(const Contract& contract);

/// x as a finite value of the format: rounded to nearest, and no larger than the largest number.
double fit(Format format, double x);

/// A number in [from, to] of the format's numbers, all bit patterns equally likely.
double any_between(Format format, double from, double to, Random& random);

/// The values at which implementations change course, each with three neighbours on both sides: 0, the smallest and
/// largest numbers, 1, 1/2, ln 2, ε and 1 − ε, the thresholds where exp overflows, underflows or stops mattering
/// beside 1. Not NaN, infinities included. A probability space adds a few values outside [0, 1].
std::vector<double> special_values(const ValueSpace& space);

/// NaNs quiet and signalling, of either sign, with and without payload.
std::vector<double> nans(Format format);

/// One way to make values. `random` kinds give about `count` values and others at each call; the rest give always the
/// same.
struct ValueKind {
  std::string_view name;
  std::string_view purpose;
  bool random;
  bool (*applies)(const ValueSpace& space);
  std::vector<double> (*values)(const ValueSpace& space, std::size_t count, Random& random);
};

/// The table of kinds.
std::span<const ValueKind> value_kinds();

}  // namespace lossaudit
