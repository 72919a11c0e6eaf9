// Floating point of 1200 bits, for what double-doubles cannot settle.
//
// Products of up to four floats lie between 2^-596 and 2^512, so sums of up to 2^40 of them are exact, and what an
// exponential or logarithm adds is good to 2^-1190 of it: results are right down to the smallest float, 2^-149.
#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>

namespace lossaudit::fast {

using Wide =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<1200, boost::multiprecision::digit_base_2>,
                                  boost::multiprecision::et_off>;

inline double to_double(const Wide& x) { return x.convert_to<double>(); }

/// e^x for x <= 0; 0 below -2000, where it is beyond the last of the digits beside any float.
inline Wide exp(const Wide& x) { return x < -2000 ? Wide(0) : Wide(boost::multiprecision::exp(x)); }

inline Wide log1p(const Wide& u) { return boost::multiprecision::log(Wide(1 + u)); }

}  // namespace lossaudit::fast
