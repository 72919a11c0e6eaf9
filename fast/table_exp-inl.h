// e^x for x <= 0 in double lanes, of many numbers.
#if defined(LOSSAUDIT_FAST_TABLE_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_TABLE_EXP_INL_H_
#undef LOSSAUDIT_FAST_TABLE_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_TABLE_EXP_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// 2^(j/16)
HWY_ALIGN_MAX inline constexpr double kDoubleRootsOfTwo[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};

/// max(bound, x), and NaN where x is.
HWY_INLINE V NotBelow(double bound, V x) {
#if HWY_ARCH_X86 && HWY_NATIVE_FMA
  return hn::Max(Constant(bound), x);  // the second where one is NaN
#else
  return hn::IfThenElse(hn::Lt(x, Constant(bound)), Constant(bound), x);
#endif
}

/// e^x for x <= 0, within 2^-51 of it relatively, as long as that is above e^-708, which stands for all that is below
/// (and which is beneath any float by far). Exactly 1 at 0. NaN for NaN.
///
/// x = n (ln 2) / 16 + r with n = 16 k + j and abs(r) <= (ln 2) / 32 + 2^-43; ln 2 is split as in ExpNonPositive, so the
/// first difference is exact and the second adds 2^-59. e^r = 1 + p with p = r + r^2 q(r), q of degree 4 fitted to e^r
/// by Chebyshev's nodes: 2^-54.9; p rounds by less than 2^-57. The table's rounding and the last step's add 2^-53 each.
class DoubleExpTable {
 public:
  HWY_INLINE DoubleExpTable() {
#if HWY_TARGET <= HWY_AVX3
    low_ = WithoutIndex(0);
    high_ = WithoutIndex(8);
#endif
  }

  /// x[0] to x[kN - 1], in place and step by step: their latencies hide each other.
  template <std::size_t kN>
  HWY_INLINE void Raise(V* x) const {
    const V shift = Constant(0x1.8p52);
    V shifted[kN], r[kN], square[kN], q[kN], high[kN];
    const auto each = [](const auto& step) HWY_ATTR {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kN; ++v) step(v);
    };
    each([&](std::size_t v) HWY_ATTR { x[v] = NotBelow(-708, x[v]); });
    each([&](std::size_t v) HWY_ATTR { shifted[v] = hn::MulAdd(x[v], Constant(0x1.71547652b82fep4), shift); });
    each([&](std::size_t v) HWY_ATTR {
      const V n = hn::Sub(shifted[v], shift);
      r[v] = hn::NegMulAdd(n, Constant(0x1.62e42feep-5), x[v]);
      r[v] = hn::NegMulAdd(n, Constant(0x1.a39ef35793c76p-37), r[v]);
    });
    each([&](std::size_t v) HWY_ATTR {
      square[v] = hn::Mul(r[v], r[v]);
      high[v] = hn::MulAdd(r[v], Constant(0x1.11120af701e68p-7), Constant(0x1.55555555194d2p-5));
      q[v] = hn::MulAdd(r[v], Constant(0x1.55555554dd44dp-3), Constant(0.5));
    });
    each([&](std::size_t v) HWY_ATTR { high[v] = hn::MulAdd(square[v], Constant(0x1.6c17bb51f23eap-10), high[v]); });
    each([&](std::size_t v) HWY_ATTR { q[v] = hn::MulAdd(high[v], square[v], q[v]); });
    each([&](std::size_t v) HWY_ATTR { q[v] = hn::MulAdd(q[v], square[v], r[v]); });
    each([&](std::size_t v) HWY_ATTR {
      const V t = Power(shifted[v]);
      x[v] = hn::MulAdd(t, q[v], t);
    });
  }

 private:
  using DI = hn::RebindToSigned<D>;

  /// 2^(n/16), for an n in the low bits of `shifted`: n << 48 is its exponent with j below it, which is taken off.
#if HWY_TARGET <= HWY_AVX3
  static HWY_INLINE hn::Vec<DI> WithoutIndex(std::int64_t first) {
    return hn::Sub(hn::BitCast(DI(), hn::Load(D(), kDoubleRootsOfTwo + first)),
                   hn::ShiftLeft<48>(hn::Iota(DI(), first)));
  }
  HWY_INLINE V Power(V shifted) const {
    const auto n = hn::BitCast(DI(), shifted);
    const hn::Vec<DI> root{_mm512_permutex2var_epi64(low_.raw, n.raw, high_.raw)};  // looks at four bits alone
    return hn::BitCast(D(), hn::Add(root, hn::ShiftLeft<48>(n)));
  }
  hn::Vec<DI> low_, high_;
#else
  HWY_INLINE V Power(V shifted) const {
    const auto n = hn::BitCast(DI(), shifted);
    const auto j = hn::And(n, hn::Set(DI(), 15));
    const auto root = hn::BitCast(DI(), hn::GatherIndex(D(), kDoubleRootsOfTwo, j));
    return hn::BitCast(D(), hn::Add(root, hn::ShiftLeft<48>(hn::Sub(n, j))));
  }
#endif
};

/// How many numbers Exponentials takes at a time.
inline constexpr std::size_t kExpStep = 32;

/// e[i] = e^(x[i] - shift[i mod 16]) of `count` numbers, a multiple of kExpStep.
inline HWY_NOINLINE void Exponentials(const float* x, const double* shift, double* e, std::size_t count) {
  constexpr std::size_t kN = 2;
  const std::size_t lanes = hn::Lanes(D());
  const DoubleExpTable table;
  for (std::size_t i = 0; i < count; i += kN * lanes) {
    V y[kN];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) {
      const std::size_t at = i + v * lanes;
      y[v] = hn::Sub(LoadFloats(x + at), hn::Load(D(), shift + at % 16));
    }
    table.Raise<kN>(y);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) hn::StoreU(y[v], D(), e + i + v * lanes);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
