// What errors over lengths betray of how a sum is accumulated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lossaudit {

/// Results of one length, their errors in ulps.
struct LengthErrors {
  std::uint64_t length = 0;
  std::vector<double> errors;  ///< with their signs

  [[nodiscard]] double rms() const;
  [[nodiscard]] double largest() const;
  [[nodiscard]] double mean() const;
  /// The part of them that are correctly rounded.
  [[nodiscard]] double rounded() const;
};

/// The exponent e of error = c · n^e, fitted by least squares to the logarithms of the errors' root mean squares from
/// lengths of 64 on; errors below what rounding alone makes count as that. 0 for fewer than two such lengths.
double exponent_of(const std::vector<LengthErrors>& curve);

/// The accumulator's name, or "" when the curve is too short to tell:
///   float        errors grow with the length: one sum in the results' own format, or a few (a vector's lanes)
///   pairwise     none grows, yet sums are not correctly rounded: sums of sums of sums, as of halves
///   compensated  correctly rounded, but for terms as large as the sum so far: Kahan's
///   double       correctly rounded, those too: twice the precision (a double for f32), an exact or a better compensated sum
///   compensated or double   correctly rounded, and it has no such terms
///   pairwise or better   none grows; what the terms' own errors leave to tell
/// `growing`: the part of sums of growing terms that were correctly rounded, where there are any. `is_sum`: the result
/// is the sum, and its terms are exact or nearly so.
std::string accumulator_of(const std::vector<LengthErrors>& curve, std::optional<double> growing, bool is_sum);

}  // namespace lossaudit
