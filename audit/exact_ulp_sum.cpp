#include "audit/exact_ulp_sum.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lossaudit {

static_assert(GMP_LIMB_BITS == 64 && GMP_NAIL_BITS == 0, "a significand, shifted, lies in two limbs");

void ExactUlpSum::add(double term) {
  if (std::isinf(term)) {
    limb_ = {};
    infinite_ = true;
  }
  if (!(term > 0) || infinite_) return;
  // significand · 2^(place − 1074)
  const auto encoded = std::bit_cast<std::uint64_t>(term);
  const std::uint64_t exponent = encoded >> 52;
  const std::uint64_t fraction = encoded & ((std::uint64_t{1} << 52) - 1);
  const std::uint64_t significand = exponent == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
  const std::uint64_t place = exponent == 0 ? 0 : exponent - 1;
  const std::uint64_t shift = place % GMP_LIMB_BITS;
  const mp_limb_t term_limbs[2] = {significand << shift, shift == 0 ? 0 : significand >> (GMP_LIMB_BITS - shift)};
  mp_limb_t* const at = limb_.data() + place / GMP_LIMB_BITS;
  mpn_add(at, at, limb_.data() + limbs - at, term_limbs, 2);
}

void ExactUlpSum::add(const ExactUlpSum& other) {
  infinite_ = infinite_ || other.infinite_;
  if (infinite_) {
    limb_ = {};
  } else {
    mpn_add_n(limb_.data(), limb_.data(), other.limb_.data(), limbs);
  }
}

int ExactUlpSum::used() const {
  int count = limbs;
  while (count > 0 && limb_[static_cast<std::size_t>(count) - 1] == 0) --count;
  return count;
}

double ExactUlpSum::value() const {
  if (infinite_) return std::numeric_limits<double>::infinity();
  mpz_t whole;
  long exponent = 0;
  const double significand = mpz_get_d_2exp(&exponent, mpz_roinit_n(whole, limb_.data(), used()));
  return std::ldexp(significand, static_cast<int>(exponent) - 1074);
}

std::string ExactUlpSum::text() const {
  if (infinite_) return "inf";
  constexpr std::size_t digits = static_cast<std::size_t>(limbs) * GMP_LIMB_BITS / 4;
  char text[digits + 2];
  mpz_t whole;
  return mpz_get_str(text, 16, mpz_roinit_n(whole, limb_.data(), used()));
}

bool ExactUlpSum::read(const std::string& text) {
  *this = {};
  infinite_ = text == "inf";
  if (infinite_) return true;
  constexpr std::string_view digits = "0123456789abcdef";
  if (text.empty() || text.size() > static_cast<std::size_t>(bits) / 4) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[text.size() - 1 - i]);
    if (digit == std::string_view::npos) return false;
    limb_[i / 16] |= static_cast<mp_limb_t>(digit) << (4 * (i % 16));
  }
  return true;
}

}  // namespace lossaudit
