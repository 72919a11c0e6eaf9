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

/// e^x for x <= 0, within 2^-47.2 + 2^-54.7 abs(x) of it relatively, as long as that is above e^-708, which stands for all
/// that is below (and which is beneath any float by far). Exactly 1 at 0. NaN for NaN.
///
/// x = n (ln 2) / 16 + r with n = 16 k + j and abs(r) <= (ln 2) / 32 + 2^-43. One fused step takes it, with an error of (ln
/// 2) / 16 as a double, 2^-54.73 of it relatively, and of one rounding of r; elsewhere ln 2 is split as in ExpNonPositive.
/// e^r = 1 + p with p = r + r^2 q(r), q of degree 3 fitted to e^r relatively (Remez): 2^-47.35. The steps' roundings, the
/// table's and the last one's are below 2^-51.
class DoubleExpTable {
 public:
  HWY_INLINE DoubleExpTable() {
#if HWY_TARGET <= HWY_AVX3
    low_ = WithoutIndex(0);
    high_ = WithoutIndex(8);
#endif
  }

  /// x = n (ln 2) / 16 + r, with n in the low bits of `shifted`.
  template <std::size_t kN>
  struct Reduced {
    V shifted[kN];
    V r[kN];
  };

  /// The two halves of Raise, for loops that let other work stand between them. Both go step by step: the latencies of kN
  /// numbers hide each other.
  template <std::size_t kN>
  static HWY_INLINE void Reduce(const V* x, Reduced<kN>& reduced) {
    const V shift = Constant(0x1.8p52);
    V bounded[kN];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) bounded[v] = NotBelow(-708, x[v]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) {
      reduced.shifted[v] = hn::MulAdd(bounded[v], Constant(0x1.71547652b82fep4), shift);
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) {
      const V n = hn::Sub(reduced.shifted[v], shift);
      if constexpr (HWY_NATIVE_FMA) {
        reduced.r[v] = hn::NegMulAdd(n, Constant(0x1.62e42fefa39efp-5), bounded[v]);
      } else {
        const V high = hn::NegMulAdd(n, Constant(0x1.62e42feep-5), bounded[v]);
        reduced.r[v] = hn::NegMulAdd(n, Constant(0x1.a39ef35793c76p-37), high);
      }
    }
  }
  template <std::size_t kN>
  HWY_INLINE void RaiseReduced(const Reduced<kN>& x, V* e) const {
    V square[kN], q[kN], high[kN];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) {
      square[v] = hn::Mul(x.r[v], x.r[v]);
      high[v] = hn::MulAdd(x.r[v], Constant(0x1.11108d2a6fcb1p-7), Constant(0x1.55573b7367c04p-5));
      q[v] = hn::MulAdd(x.r[v], Constant(0x1.555555576ab14p-3), Constant(0x1.fffffffdc0182p-2));
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) q[v] = hn::MulAdd(high[v], square[v], q[v]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) q[v] = hn::MulAdd(q[v], square[v], x.r[v]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kN; ++v) {
      const V t = Power(x.shifted[v]);
      e[v] = hn::MulAdd(t, q[v], t);
    }
  }

  /// x[0] to x[kN - 1], in place.
  template <std::size_t kN>
  HWY_INLINE void Raise(V* x) const {
    Reduced<kN> reduced;
    Reduce<kN>(x, reduced);
    RaiseReduced<kN>(reduced, x);
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
