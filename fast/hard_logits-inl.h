// The binary loss of hard targets from logits in float lanes, with its gradient. Where the target fuses alone (kFused).
//
// With t in {0, 1} and z = -x where t is 1, else x, the loss is ln(1 + e^z), and its gradient sigmoid(z) with the sign
// that x has in z: no cancellation anywhere, so that both are as good as e^z = T (1 + p), 2^-27.4 (float_exp-inl.h).
#if defined(LOSSAUDIT_FAST_HARD_LOGITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_HARD_LOGITS_INL_H_
#undef LOSSAUDIT_FAST_HARD_LOGITS_INL_H_
#else
#define LOSSAUDIT_FAST_HARD_LOGITS_INL_H_
#endif

#include "fast/float_exp-inl.h"
#include "fast/float_lanes-inl.h"
#include "fast/float_log-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/loss_task.hpp"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// test(t, o) holds in all float lanes of a chunk.
template <class Test>
HWY_INLINE bool AllOfChunk(const float* target, const float* output, const Test& test) {
  for (std::size_t i = 0; i < kChunk; i += hn::Lanes(FD())) {
    if (!hn::AllTrue(FD(), test(hn::LoadU(FD(), target + i), hn::LoadU(FD(), output + i)))) return false;
  }
  return true;
}

/// The end of the chunks after i of which test(t, o) holds in all lanes: four at a time, which costs little more than one.
template <class Test>
HWY_INLINE std::size_t EndOfChunks(const float* target, const float* output, std::size_t i, std::size_t end,
                                   const Test& test) {
  constexpr std::size_t kAtOnce = 4 * kChunk;
  const std::size_t lanes = hn::Lanes(FD());
  for (; i + kAtOnce <= end; i += kAtOnce) {
    MF is_taken = test(hn::LoadU(FD(), target + i), hn::LoadU(FD(), output + i));
#pragma GCC unroll 64
    for (std::size_t k = lanes; k < kAtOnce; k += lanes) {
      is_taken = hn::And(is_taken, test(hn::LoadU(FD(), target + i + k), hn::LoadU(FD(), output + i + k)));
    }
    if (!hn::AllTrue(FD(), is_taken)) break;
  }
  while (i + kChunk <= end && AllOfChunk(target + i, output + i, test)) i += kChunk;
  return i;
}

/// A sum that looks at every chunk before it takes it, and knows of none to come.
struct LooksAtEach {
  static HWY_INLINE std::size_t EndOfKnown(const float* /*target*/, const float* /*output*/, std::size_t i,
                                           std::size_t /*end*/) {
    return i;
  }
};

HWY_INLINE MF IsInUnit(VF x) { return hn::And(hn::Ge(x, hn::Zero(FD())), hn::Le(x, Floats(1))); }

/// t is 0 or 1. (Elsewhere neither t^2 nor its difference to t is rounded to make 0.)
HWY_INLINE MF IsHard(VF t) { return hn::Eq(hn::MulSub(t, t, t), hn::Zero(FD())); }

#if HWY_NATIVE_FMA

inline constexpr std::size_t kChunkFloatVectors = kChunk / hn::MaxLanes(FD());

/// abs(x) up to here for a loss's exponential.
inline constexpr float kHardLimit = 80;

/// t is 0 or 1, and abs(x) at most the limit or x a NaN.
HWY_INLINE MF IsHardLogit(VF t, VF x, VF limit) { return hn::AndNot(hn::Gt(hn::Abs(x), limit), IsHard(t)); }

/// The sign bit of a target of 1.
HWY_INLINE VI SignOfHard(VF t) { return hn::ShiftLeft<8>(BitsOf(t)); }
HWY_INLINE VF FlipSign(VF x, VI sign) { return FloatOf(hn::Xor(BitsOf(x), sign)); }

/// z of a chunk's float vector v.
HWY_INLINE VF HardZ(const float* target, const float* output, std::size_t v) {
  const std::size_t i = v * hn::Lanes(FD());
  return FlipSign(hn::LoadU(FD(), output + i), SignOfHard(hn::LoadU(FD(), target + i)));
}

/// U sigmoid(z) = U e / (U + e) from e = t (1 + p) = U e^z, for U a power of two, as high + low, within 2^-29 of it
/// relatively beside what e has, which counts 1 - sigmoid(z) times.
///
/// U + t is exactly a + a_low, and U + e is d + d_low to 2^-48. With y = U / d rounded, U / (U + e) = y (1 + delta),
/// delta = 1 - (d + d_low) y / U < 2^-22.5, to 2^-45; so the result is y t (1 + p) (1 + delta). What is rounded is the
/// factor's part beside 1, at most 0.0223 (2^-30.5), and the low part it makes. U changes no bit of it as long as nothing
/// underflows: for e^z above 2^-87 when U is 1.
HWY_INLINE FloatSum SigmoidOf(const Exponential& e, float unit) {
  const VF u = Floats(unit);
  const VF larger = hn::Max(e.t, u);
  const VF smaller = hn::Min(e.t, u);
  const VF a = hn::Add(larger, smaller);
  const VF a_low = hn::Sub(smaller, hn::Sub(a, larger));
  const VF d = hn::MulAdd(e.t, e.p, a);
  const VF d_low = hn::Add(hn::MulAdd(e.t, e.p, hn::Sub(a, d)), a_low);
  const VF y = hn::Div(u, d);
  const VF delta = hn::NegMulAdd(y, d_low, hn::NegMulAdd(y, d, u));  // U times it
  const VF high = hn::Mul(y, e.t);
  // (1 + p) (1 + delta) - 1; with U in the last step no tiny delta becomes subnormal, which would be slow.
  const VF beside_one = hn::MulAdd(hn::MulAdd(delta, e.p, delta), Floats(1 / unit), e.p);
  return {high, hn::MulAdd(high, beside_one, hn::MulSub(y, e.t, high))};
}

/// A block's Σ ln(1 + e^z), as the logarithm of a product.
///
/// Its lanes hold c, the product of 1 + e^z less 1: (1 + c) (1 + e) - 1 = c + e + c e adds up positive terms, so c loses
/// nothing where all e are tiny. Four chunks multiply it by at most 2^466; beyond 2^500 it is scaled by 2^-400, where 1
/// beside it is nothing.
class HardLogitSum : public LooksAtEach {
 public:
  HWY_INLINE explicit HardLogitSum(const LossTask& /*task*/) {
    for (std::size_t p = 0; p < kChunkParts; ++p) c_[p] = scalings_[p] = hn::Zero(D());
    for (Exponential& e : pending_) e = {Floats(0), Floats(0)};
  }

  static HWY_INLINE bool Takes(const float* target, const float* output) {
    return AllOfChunk(target, output, [](VF t, VF x) HWY_ATTR { return IsHardLogit(t, x, Floats(kHardLimit)); });
  }

  HWY_INLINE void Chunk(const float* target, const float* output) {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) Add(v, exp_(HardZ(target, output, v)));
    EndChunk();
  }
  /// Only the first `count` of the chunk.
  HWY_INLINE void LastChunk(const float* target, const float* output, std::size_t count) {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      const std::size_t i = v * hn::Lanes(FD());
      Exponential e = exp_(HardZ(target, output, v));
      e.t = hn::IfThenElseZero(hn::FirstN(FD(), count < i ? 0 : count - i), e.t);
      Add(v, e);
    }
    EndChunk();
  }

  /// Adds the vector v of the chunk before, and keeps this chunk's for the next call: neither waits for the other.
  HWY_INLINE void Add(std::size_t v, const Exponential& e) {
    const Exponential last = pending_[v];
    pending_[v] = e;
    AddPart(2 * v, hn::LowerHalf(F(), last.t), hn::LowerHalf(F(), last.p));
    AddPart(2 * v + 1, hn::UpperHalf(F(), last.t), hn::UpperHalf(F(), last.p));
  }
  HWY_INLINE void EndChunk() {
    if (++unscaled_ == 4) Scale();
  }

  HWY_INLINE double Total() {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) Add(v, {Floats(0), Floats(0)});
    LaneSum sum;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      sum.Add(p, hn::MulAdd(scalings_[p], Constant(400 * 0x1.62e42fefa39efp-1), Log1p(c_[p])));
    }
    return sum.Total();
  }

  const ExpTable& Exp() const { return exp_; }

 private:
  HWY_INLINE void AddPart(std::size_t part, hn::Vec<F> t, hn::Vec<F> p) {
    const V wide_t = hn::PromoteTo(D(), t);
    const V e = hn::MulAdd(wide_t, hn::PromoteTo(D(), p), wide_t);
    c_[part] = hn::Add(hn::MulAdd(c_[part], e, c_[part]), e);
  }

  HWY_INLINE void Scale() {
    unscaled_ = 0;
    V largest = c_[0];
    for (std::size_t p = 1; p < kChunkParts; ++p) largest = hn::Max(largest, c_[p]);
    if (HWY_LIKELY(hn::AllTrue(D(), hn::Le(largest, Constant(0x1p500))))) return;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const M is_large = hn::Gt(c_[p], Constant(0x1p500));
      c_[p] = hn::Mul(c_[p], hn::IfThenElse(is_large, Constant(0x1p-400), Constant(1)));
      scalings_[p] = hn::Add(scalings_[p], hn::IfThenElseZero(is_large, Constant(1)));
    }
  }

  ExpTable exp_;
  Exponential pending_[kChunkFloatVectors];
  V c_[kChunkParts];
  V scalings_[kChunkParts];
  std::size_t unscaled_ = 0;
};

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
