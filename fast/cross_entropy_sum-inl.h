// The sum -Σ t ln p of plain cross-entropies: hard targets by products (hard_entropy_sum-inl.h), others from 0 on in float
// lanes where the target fuses, and what neither takes in double lanes.
#if defined(LOSSAUDIT_FAST_CROSS_ENTROPY_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_CROSS_ENTROPY_SUM_INL_H_
#undef LOSSAUDIT_FAST_CROSS_ENTROPY_SUM_INL_H_
#else
#define LOSSAUDIT_FAST_CROSS_ENTROPY_SUM_INL_H_
#endif

#include "fast/binary_sum-inl.h"
#include "fast/hard_entropy_sum-inl.h"
#include "fast/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Terms of any sort, in double lanes: a p outside [0, 1] is NaN, as is an infinite t, and a t of 0 takes its term out.
class AnyEntropySum {
 public:
  HWY_INLINE AnyEntropySum() {}  // not the implicit one, which would not be compiled for the target

  HWY_NOINLINE void Chunk(const float* target, const float* output) {
    is_empty_ = false;
    for (std::size_t part = 0; part < kChunkParts; ++part) {
      V t = LoadFloats(target + part * hn::Lanes(D()));
      t = hn::IfThenElse(hn::Lt(hn::Abs(t), Constant(kInfinity)), t, Constant(kNaN));
      const V p = LoadFloats(output + part * hn::Lanes(D()));
      const M is_probability = hn::And(hn::Ge(p, hn::Zero(D())), hn::Le(p, Constant(1)));
      const V surprise = hn::IfThenElse(is_probability, hn::Neg(Log(p)), Constant(kNaN));
      const M vanishes = hn::And(hn::Eq(t, hn::Zero(D())), is_probability);
      loss_.Add(part, hn::IfThenZeroElse(vanishes, hn::Mul(t, surprise)));
      magnitude_.Add(part, hn::IfThenZeroElse(vanishes, hn::Mul(hn::Abs(t), surprise)));
    }
  }
  template <class Losses>
  HWY_INLINE void TellTo(Losses& losses) const {
    if (!is_empty_) losses.add({{loss_.Total(), magnitude_.Total()}, {0, 0}}, 1, 0);
  }

 private:
  LaneSum loss_, magnitude_;
  bool is_empty_ = true;
};

#if HWY_NATIVE_FMA

/// c_j near 1 / m for m in [0.699 + ..., 1.398), in sixteen parts of equal length in m's bits; 1 around 1, and else with so
/// few bits that m c_j - 1 is a float. Then -ln c_j as a multiple of 2^-16 and the rest.
HWY_ALIGN_MAX inline constexpr float kSurpriseScales[16] = {1.40625F, 1.34375F, 1.28125F, 1.25F,   1.1875F, 1.15625F,
                                                            1.09375F, 1.0625F,  1.03125F, 1.0F,    0.9375F, 0.90625F,
                                                            0.84375F, 0.8125F,  0.78125F, 0.71875F};
HWY_ALIGN_MAX inline constexpr float kSurpriseLogs[16] = {
    -0x1.5d1cp-2f, -0x1.2e9p-2f, -0x1.fb9p-3f, -0x1.c9p-3f, -0x1.5ffp-3f, -0x1.2958p-3f, -0x1.6f1p-4f, -0x1.f0ap-5f,
    -0x1.f84p-6f,  0.0f,         0x1.086p-4f,  0x1.933p-4f, 0x1.5bf8p-3f, 0x1.a94p-3f,   0x1.f99p-3f,  0x1.522cp-2f};
HWY_ALIGN_MAX inline constexpr float kSurpriseRests[16] = {
    0x1.2053fcp-21f,  0x1.d451eep-18f, -0x1.86d5e4p-19f, 0x1.070cacp-20f,  -0x1.83853cp-18f,
    0x1.683f00p-18f,  0x1.6ba8d4p-19f, -0x1.86008cp-20f, 0x1.64f188p-18f,  0.0f,
    -0x1.9d2988p-18f, 0x1.797566p-18f, -0x1.fca55ep-18f, -0x1.2c3752p-19f, 0x1.c6cb3cp-19f,
    -0x1.1f8c76p-18f};

/// A block's -Σ t ln p for t in [0, 2^60] and normal p <= 1 (any p <= 1 where t is 0).
///
/// p = 2^k m and ln p = H + z + s: H = k ln 2 - ln c_j without the bits below 2^-16, exact in float; z = m c_j - 1, exact,
/// abs(z) < 0.0438; s what H lacks and ln(1 + z) - z, a polynomial of degree 5 in z within 2^-28.4 of ln p (fitted by a
/// linear programme; beside p = 1, where H is 0, relatively to z). t (H + z) is summed in double lanes. s, at most a 20th
/// of ln p, is summed in float lanes, which go into the double ones after four additions: 4 * 2^-24 / 20. So a term is
/// within 2^-26.5.
class SurpriseSum {
 public:
  HWY_INLINE SurpriseSum() : scales_(kSurpriseScales), logs_(kSurpriseLogs), rests_(kSurpriseRests) {
    for (VF& small : small_) small = Floats(0);
  }

  static HWY_INLINE bool Takes(const float* target, const float* output) {
    const auto is_usual = [](VF t, VF p) HWY_ATTR {
      const MF is_target = hn::And(hn::Ge(t, hn::Zero(FD())), hn::Le(t, Floats(0x1p60F)));
      return hn::And(is_target, hn::And(hn::Ge(p, Floats(0x1p-126F)), hn::Le(p, Floats(1))));
    };
    if (HWY_LIKELY(AllOfChunk(target, output, is_usual))) return true;
    return AllOfChunk(target, output, [=](VF t, VF p) HWY_ATTR {
      return hn::Or(is_usual(t, p), hn::And(hn::Eq(t, hn::Zero(FD())), IsInUnit(p)));
    });
  }

  HWY_INLINE void Chunk(const float* target, const float* output) {
    Vector<0>(target, output);
    if (++unflushed_ == 4) Flush();
  }

  HWY_INLINE double Total() {
    Flush();
    return -sum_.Total();
  }

 private:
  template <std::size_t kVector>
  HWY_INLINE void Vector(const float* target, const float* output) {
    constexpr std::size_t first = kVector * hn::MaxLanes(FD());
    const VF t = hn::LoadU(FD(), target + first);
    const VI bits = BitsOf(hn::LoadU(FD(), output + first));
    const VI offset = hn::Sub(bits, Integers(0x3f330000));
    const VI k = hn::ShiftRight<23>(offset);
    const VF m = FloatOf(hn::Sub(bits, hn::ShiftLeft<23>(k)));
    const VI j = hn::ShiftRight<19>(offset);
    const VF k_float = hn::ConvertTo(FD(), k);
    const VF z = hn::MulSub(m, scales_[j], Floats(1));
    const VF high = hn::MulAdd(k_float, Floats(0x1.62e4p-1f), logs_[j]);
    const VF rest = hn::MulAdd(k_float, Floats(0x1.7f7d1cp-20f), rests_[j]);
    VF q = hn::MulAdd(z, Floats(0x1.9aa75cp-3f), Floats(-0x1.007816p-2f));
    q = hn::MulAdd(q, z, Floats(0x1.555538p-2f));
    q = hn::MulAdd(q, z, Floats(-0x1.ffffeep-2f));
    small_[kVector] = hn::MulAdd(t, hn::MulAdd(hn::Mul(z, z), q, rest), small_[kVector]);
    AddProduct(2 * kVector, hn::LowerHalf(F(), t), hn::LowerHalf(F(), high), hn::LowerHalf(F(), z));
    AddProduct(2 * kVector + 1, hn::UpperHalf(F(), t), hn::UpperHalf(F(), high), hn::UpperHalf(F(), z));
    if constexpr (kVector + 1 < kChunkFloatVectors) Vector<kVector + 1>(target, output);
  }
  HWY_INLINE void AddProduct(std::size_t part, hn::Vec<F> t, hn::Vec<F> high, hn::Vec<F> z) {
    sum_.AddProduct(part, hn::PromoteTo(D(), t), hn::Add(hn::PromoteTo(D(), high), hn::PromoteTo(D(), z)));
  }
  HWY_INLINE void Flush() {
    unflushed_ = 0;
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      sum_.Add(2 * v, hn::PromoteTo(D(), hn::LowerHalf(F(), small_[v])));
      sum_.Add(2 * v + 1, hn::PromoteTo(D(), hn::UpperHalf(F(), small_[v])));
      small_[v] = Floats(0);
    }
  }

  Table16 scales_, logs_, rests_;
  LaneSum sum_;
  VF small_[kChunkFloatVectors];
  std::size_t unflushed_ = 0;
};

#else

/// Takes nothing.
class SurpriseSum {
 public:
  HWY_INLINE SurpriseSum() {}
  static HWY_INLINE bool Takes(const float* /*target*/, const float* /*output*/) { return false; }
  HWY_INLINE void Chunk(const float* /*target*/, const float* /*output*/) {}
  HWY_INLINE double Total() const { return 0; }
};

#endif

/// Takes chunks from i on for as long as they are taken and no step of hard targets begins after the first; returns where
/// it stopped.
HWY_NOINLINE std::size_t TakeSoftChunks(SurpriseSum& sum, const float* target, const float* output, std::size_t i,
                                        std::size_t end) {
  if (i == end || !SurpriseSum::Takes(target + i, output + i)) return i;
  SurpriseSum local = sum;
  do {
    local.Chunk(target + i, output + i);
    i += kChunk;
    if (i % kHardStep == 0 && (i == end || HardEntropySum::IsTaken(target + i, output + i))) break;
  } while (SurpriseSum::Takes(target + i, output + i));
  sum = local;
  return i;
}

HWY_INLINE bool HasNaN(const float* target, const float* output) {
  return !AllOfChunk(target, output, [](VF t, VF p) HWY_ATTR { return hn::And(hn::Eq(t, t), hn::Eq(p, p)); });
}

/// The losses of a block: by steps where these are hard, else by chunks, of which each goes to the first sum that takes it.
/// A NaN settles what they add up to.
class EntropyBlock {
 public:
  HWY_INLINE EntropyBlock() {}

  /// Whole steps.
  HWY_INLINE void Add(const float* target, const float* output, std::size_t count) {
    for (std::size_t i = 0; i < count;) {
      if (i % kHardStep == 0) i = TakeHardSteps(hard_, target, output, i, count);
      const std::size_t end = TakeSoftChunks(soft_, target, output, i, count);
      if (end == i && i < count) {
        if (HasNaN(target + i, output + i)) {
          is_nan_ = true;
        } else {
          any_.Chunk(target + i, output + i);
        }
        i += kChunk;
      } else {
        has_soft_ = has_soft_ || end != i;
        i = end;
      }
    }
  }

  template <class Losses>
  HWY_INLINE void TellTo(Losses& losses) {
    losses.add_plain(is_nan_ ? kNaN : hard_.Total(), 0);
    if (has_soft_) losses.add_plain(soft_.Total(), 0);
    any_.TellTo(losses);
  }

 private:
  HardEntropySum hard_;
  SurpriseSum soft_;
  AnyEntropySum any_;
  bool has_soft_ = false, is_nan_ = false;
};

/// Adds -Σ t ln p over the elements [first, last) of a task.
template <class Losses>
HWY_INLINE void AddEntropies(const LossTask& task, std::size_t first, std::size_t last, Losses& losses) {
  for (std::size_t begin = first; begin < last; begin += sum_block) {
    const std::size_t count = HWY_MIN(sum_block, last - begin);
    const std::size_t whole = count / kHardStep * kHardStep;
    const float* target = task.target + begin;
    const float* output = task.output + begin;
    EntropyBlock block;
    block.Add(target, output, whole);
    if (whole != count) {  // what is added adds nothing
      const PaddedFloats<kHardStep> last_targets(target + whole, count - whole, 0);
      const PaddedFloats<kHardStep> last_outputs(output + whole, count - whole, 1);
      block.Add(last_targets.data(), last_outputs.data(), kHardStep);
    }
    block.TellTo(losses);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
