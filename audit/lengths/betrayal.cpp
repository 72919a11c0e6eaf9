#include "audit/lengths/betrayal.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lossaudit {
namespace {

/// The root mean square of rounding alone is 1/sqrt(12).
constexpr double least_error = 0.29;
constexpr std::uint64_t first_fitted = 64;
/// Lengths at which a sum has been rounded often, and samples are still many.
constexpr std::uint64_t first_judged = 1024, last_judged = 65536;
constexpr std::size_t fewest_judged = 16;
/// Sequential sums grow with an exponent of 1/2 (Higham and Mary, "A new approach to probabilistic rounding error
/// analysis", 2019) to 1, pairwise ones with that of the logarithm. In lanes the growth comes later.
constexpr double least_exponent = 0.15;
/// A pairwise sum in blocks of 128 comes to 1.7 ulps within the first block.
constexpr double least_growth = 3, least_grown = 2;
/// Sums of one rounding are all correctly rounded; of those of two, seven in ten.
constexpr double nearly_all = 0.9;
/// Beyond this part of the root mean square the mean is no chance: the terms' own errors.
constexpr double own_errors = 0.7;

template <class Value>
double average(const std::vector<double>& errors, Value value) {
  double sum = 0;
  for (const double error : errors) sum += value(error);
  return errors.empty() ? 0 : sum / static_cast<double>(errors.size());
}

}  // namespace

double LengthErrors::rms() const {
  return std::sqrt(average(errors, [](double error) { return error * error; }));
}
double LengthErrors::mean() const {
  return average(errors, [](double error) { return error; });
}
double LengthErrors::largest() const {
  double most = 0;
  for (const double error : errors) most = std::max(most, std::abs(error));
  return most;
}
double LengthErrors::rounded() const {
  // What the exact values are known to, beyond half an ulp.
  return average(errors, [](double error) { return std::abs(error) <= 0.5 + 0x1p-12 ? 1.0 : 0.0; });
}

double exponent_of(const std::vector<LengthErrors>& curve) {
  double count = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const LengthErrors& at : curve) {
    const double rms = at.rms();
    if (at.length < first_fitted || at.errors.empty() || !std::isfinite(rms)) continue;
    const double u = std::log2(static_cast<double>(at.length)), v = std::log2(std::max(rms, least_error));
    count += 1;
    x += u;
    y += v;
    xx += u * u;
    xy += u * v;
  }
  return count < 2 ? 0 : (count * xy - x * y) / (count * xx - x * x);
}

std::string accumulator_of(const std::vector<LengthErrors>& curve, std::optional<double> growing, bool is_sum) {
  LengthErrors judged;
  double first = 0, last = 0;
  for (const LengthErrors& at : curve) {
    if (at.errors.empty() || at.length < first_fitted) continue;
    first = first == 0 ? std::max(at.rms(), least_error) : first;
    last = at.rms();
    // A mean of no power of two terms is rounded twice.
    if (at.length < first_judged || at.length > last_judged || !std::has_single_bit(at.length)) continue;
    judged.errors.insert(judged.errors.end(), at.errors.begin(), at.errors.end());
  }
  if (judged.errors.size() < fewest_judged) return "";
  const bool grows = !(exponent_of(curve) < least_exponent) && !(last < least_grown) && !(last < least_growth * first);
  if (grows) return "float";
  if (!is_sum) return "pairwise or better";
  if (judged.rounded() < nearly_all) {
    return std::abs(judged.mean()) > own_errors * judged.rms() ? "pairwise or better" : "pairwise";
  }
  if (!growing) return "compensated or double";
  return *growing < nearly_all ? "compensated" : "double";
}

}  // namespace lossaudit
