// Numbers as people read them. An error is never shown smaller than it is: errors round up, merits round down.
#pragma once

#include <cstdint>
#include <string>

namespace lossaudit {

/// x in at most three significant digits, rounded up (towards +inf), so that 1.0000001 is "1.01" and 4 is "4"; from 1e4
/// on, and below 1e-3, as "8.39e6". "inf" and "nan" for those. Exact to the double: 0.1 is "0.1".
std::string round_up(double x);

/// A fraction as a percentage with one decimal, rounded down: "100%" is only ever 1, and "99.9%" is just less. "nan"
/// for one.
std::string percent_down(double fraction);

/// An exponent with two decimals: "0.92", never "-0.00".
std::string exponent_text(double x);

/// A quotient with one decimal, rounded down where a large one is a merit, else up.
std::string quotient_text(double quotient, bool is_merit);

/// "4,294,967,296".
std::string grouped(std::uint64_t count);

}  // namespace lossaudit
