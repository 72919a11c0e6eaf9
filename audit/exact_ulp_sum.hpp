// Sums of ulp errors without any rounding, the same whatever the order and however the terms were split in parts.
#pragma once

#include <gmp.h>

#include <array>
#include <cstdint>
#include <string>

#include "audit/maybe_const.hpp"

namespace lossaudit {

/// A sum of doubles that are not negative: a fixed-point number that reaches over all of them, with room for 2^64 terms.
class ExactUlpSum {
 public:
  /// Adds a term: 0 or more, perhaps infinite.
  void add(double term);
  void add(const ExactUlpSum& other);

  /// The sum, rounded towards 0.
  [[nodiscard]] double value() const;

  /// In hexadecimal, in units of 2^-1074; "inf" when a term was.
  [[nodiscard]] std::string text() const;
  /// The inverse; false when the text is none of that.
  [[nodiscard]] bool read(const std::string& text);

  bool operator==(const ExactUlpSum&) const = default;

 private:
  static constexpr int bits = 1074 + 1024 + 64;
  static constexpr int limbs = (bits + GMP_LIMB_BITS - 1) / GMP_LIMB_BITS + 1;

  [[nodiscard]] int used() const;

  std::array<mp_limb_t, limbs> limb_{};
  bool infinite_ = false;
};

template <class Io>
void fields(Io& io, MaybeConst<ExactUlpSum> auto& x) {
  std::string text = x.text();
  io.field("exactly", text);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(x)>>) {
    if (!x.read(text)) io.refuse(io.path_to("exactly"), "a sum in hexadecimal", text);
  }
}

}  // namespace lossaudit
