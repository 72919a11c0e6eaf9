// e^x in float lanes, as an unevaluated product t (1 + p).
#if defined(LOSSAUDIT_FAST_FLOAT_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_EXP_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_EXP_INL_H_
#endif

#include "fast/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// 2^(j/16) rounded to float, and 2^(j/16) / that - 1.
HWY_ALIGN_MAX inline constexpr float kRootsOfTwo[16] = {0x1.000000p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f,
                                                        0x1.306fe0p+0f, 0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f,
                                                        0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
                                                        0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f};
HWY_ALIGN_MAX inline constexpr float kRootsOfTwoRests[16] = {0.0f,
                                                             0x1.8d96d4p-25f,
                                                             -0x1.9c0c22p-27f,
                                                             0x1.964902p-25f,
                                                             0x1.125002p-25f,
                                                             0x1.370be4p-25f,
                                                             -0x1.0a3552p-25f,
                                                             -0x1.00d8acp-27f,
                                                             0x1.26055cp-26f,
                                                             -0x1.05cb44p-25f,
                                                             0x1.67a1cap-28f,
                                                             0x1.a3b5e4p-28f,
                                                             -0x1.f9c306p-27f,
                                                             -0x1.6961b4p-28f,
                                                             -0x1.a5217cp-28f,
                                                             0x1.61428ep-28f};

/// e^x = t (1 + p) with t a float and abs(p) <= 0.0222.
struct Exponential {
  VF t;
  VF p;
};

/// e^x 2^exponent for all x of one kind: a row, say, whose largest exponential is brought near 1 without subtracting
/// anything from x.
///
/// x = n (ln 2) / 16 + r with n an integer and abs(r) <= (ln 2) / 32 + 2^-20; n = 16 k + j, t = 2^(k + exponent) T_j and
/// p = (e^r - 1) + d_j, where T_j is the float nearest 2^(j/16) and 1 + d_j what it lacks.
///
/// Error, abs(x) <= 1000: r takes two fused steps, of which the first is exact and the second rounds by at most 2^-31;
/// the polynomial 1 + r + c r^2 + d r^3 is within 2^-29.2 of e^r; d_j e^r is taken as d_j, 2^-30.2 less; the last step
/// rounds by 2^-30 and the ones before by 2^-29.5 together. So t (1 + p) is within 2^-27.4 of e^x relatively; found over
/// every third float in [-87, 88]: 2^-27.46. (Without fused steps the first difference rounds by up to 2^-18: of no use.)
///
/// t is right where k + exponent is in [-126, 127] (below, its bits are nonsense): keep x from there. NaN gives p = NaN.
class ExpTable {
 public:
  HWY_INLINE explicit ExpTable(std::int32_t exponent = 0)
      : ExpTable([](std::size_t j) HWY_ATTR { return hn::Load(FD(), kRootsOfTwo + j); },
                 [](std::size_t j) HWY_ATTR { return hn::Load(FD(), kRootsOfTwoRests + j); }, exponent) {}

  /// With other T_j, each within a factor 2 of 2^(j/16), and what they lack relatively: for a multiple of e^x. Both come
  /// as functions that give the entries from number j on, a vector of them.
  template <class Roots, class Rests>
  HWY_INLINE ExpTable(const Roots& roots, const Rests& rests, std::int32_t exponent)
      : rests_(rests), powers_([&](std::size_t j) HWY_ATTR { return Power(roots(j), j, exponent); }) {}

  /// x = n (ln 2) / 16 + r, with n in the low bits of `shifted`.
  struct Reduced {
    VF shifted;
    VF r;
  };

  /// The two halves of operator(), for loops that let other work stand between them.
  static HWY_INLINE Reduced Reduce(VF x) {
    const VF shifted = hn::MulAdd(x, Floats(0x1.715476p+4f), Floats(0x1.8p23f));
    const VF n = hn::Sub(shifted, Floats(0x1.8p23f));
    const VF r = hn::NegMulAdd(n, Floats(0x1.62e430p-5f), x);
    return {shifted, hn::MulAdd(n, Floats(0x1.05c610p-33f), r)};
  }
  HWY_INLINE Exponential Raise(const Reduced& x) const {
    // The low bits of `shifted` hold n, and n << 19 is the exponent k with j below it, which the table's entries take
    // off.
    VF p = hn::MulAdd(x.r, Floats(0x1.55559cp-3f), Floats(0x1.000222p-1f));
    p = hn::MulAdd(p, x.r, Floats(1));
    p = hn::MulAdd(p, x.r, rests_[BitsOf(x.shifted)]);
    const VF t = FloatOf(hn::Add(BitsOf(powers_[BitsOf(x.shifted)]), hn::ShiftLeft<19>(BitsOf(x.shifted))));
    return {t, p};
  }

  HWY_INLINE Exponential operator()(VF x) const { return Raise(Reduce(x)); }

 private:
  /// The bits of T_j 2^exponent less j << 19.
  static HWY_INLINE VF Power(VF roots, std::size_t first, std::int32_t exponent) {
    const VI less = hn::ShiftLeft<19>(hn::Iota(ID(), static_cast<std::int32_t>(first)));
    return FloatOf(hn::Sub(
        hn::Add(BitsOf(roots), Integers(static_cast<std::int32_t>(static_cast<std::uint32_t>(exponent) << 23))), less));
  }

  Table16 rests_;
  Table16 powers_;
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
