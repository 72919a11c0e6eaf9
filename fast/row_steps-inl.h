// A row of logits in steps, on its way into a sum that leaves one class out.
#if defined(LOSSAUDIT_FAST_ROW_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_ROW_STEPS_INL_H_
#undef LOSSAUDIT_FAST_ROW_STEPS_INL_H_
#else
#define LOSSAUDIT_FAST_ROW_STEPS_INL_H_
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "fast/float_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// A row of logits as it is to be summed.
struct SummedRow {
  const float* x = nullptr;
  std::size_t n = 0;
  std::size_t left_out = kNoClass;  ///< a class, or
  const float* target = nullptr;    ///< the row's targets, of which the one class that has one other than 0 is left out
  const float* fetched = nullptr;  ///< what is fetched into the cache meanwhile, as many floats as the row has, and, if
  const float* fetched_targets = nullptr;  ///< there are any, the targets there
};

/// A row's steps that are copies. They stand apart from RowSteps, whose members then need no memory.
struct StepCopies {
  HWY_INLINE StepCopies() {}
  HWY_ALIGN_MAX float last[kStepFloats];
  HWY_ALIGN_MAX float last_targets[kStepFloats];
  HWY_ALIGN_MAX float patched[kStepFloats];
};

/// A row in steps of 64, with one class left out. The step that holds it, and the last one, are copies.
class RowSteps {
 public:
  HWY_INLINE RowSteps(const SummedRow& row, StepCopies& copies)
      : row_(row), copies_(copies), steps_((row.n + kStepFloats - 1) / kStepFloats), left_out_(row.left_out) {
    const std::size_t rest = row.n % kStepFloats;
    if (rest != 0) {
      last_step_ = steps_ - 1;
      Copy(row.x, last_step_, rest, left_out_ - (row.n - rest), kNoLogit, copies_.last);
      if (row.target != nullptr) Copy(row.target, last_step_, rest, kNoClass, 0, copies_.last_targets);
    }
    if (left_out_ >= row.n - rest) return;
    patched_step_ = left_out_ / kStepFloats;
    Copy(row.x, patched_step_, kStepFloats, left_out_ % kStepFloats, kNoLogit, copies_.patched);
  }
  HWY_INLINE std::size_t size() const { return steps_; }

  /// Steps are asked for in their order.
  HWY_INLINE const float* operator[](std::size_t step) {
    const float* from = step == last_step_ ? copies_.last : row_.x + step * kStepFloats;
    if (row_.target != nullptr && HWY_UNLIKELY(HasTarget(Targets(step)))) TakeTarget(step);
    return step == patched_step_ ? copies_.patched : from;
  }

  HWY_INLINE void FetchBeside(std::size_t step) const {
    if (row_.fetched != nullptr) FetchStep(row_.fetched + step * kStepFloats);
    if (row_.fetched_targets != nullptr) FetchStep(row_.fetched_targets + step * kStepFloats);
  }

  /// The class that was left out so far, and whether there was a second one.
  HWY_INLINE std::size_t LeftOut() const { return left_out_; }
  HWY_INLINE bool HasMoreTargets() const { return has_more_; }

 private:
  static HWY_INLINE bool HasTarget(const float* target) {
    VF any = Floats(0);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepFloats; v += kFloatLanes) any = hn::Or(any, hn::LoadU(FD(), target + v));
    return !hn::AllTrue(FD(), hn::Eq(any, hn::Zero(FD())));
  }
  const float* Targets(std::size_t step) const {
    return step == last_step_ ? copies_.last_targets : row_.target + step * kStepFloats;
  }
  /// Without a branch on where it stands, which nothing foretells.
  HWY_INLINE void TakeTarget(std::size_t step) {
    const float* target = Targets(step);
    std::uint64_t places = 0;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepFloats; v += kFloatLanes) {
      std::uint64_t bits = 0;
      // hn::Ne passes over NaNs.
      hn::StoreMaskBits(FD(), hn::Not(hn::Eq(hn::LoadU(FD(), target + v), hn::Zero(FD()))),
                        reinterpret_cast<std::uint8_t*>(&bits));
      places |= bits << v;
    }
    has_more_ = has_more_ || left_out_ != kNoClass || (places & (places - 1)) != 0;
    const auto place = static_cast<std::size_t>(std::countr_zero(places));
    left_out_ = step * kStepFloats + place;
    patched_step_ = step;
    Copy(row_.x, step, HWY_MIN(kStepFloats, row_.n - step * kStepFloats), place, kNoLogit, copies_.patched);
  }

  /// No scalar store stands between these and the loads of what they leave, which would have to wait for it.
  static HWY_INLINE void Copy(const float* from, std::size_t step, std::size_t count, std::size_t left_out, float pad,
                              float* to) {
    const VI out = Integers(static_cast<std::int32_t>(HWY_MIN(left_out, kStepFloats)));
    from += step * kStepFloats;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepFloats; v += kFloatLanes) {
      VF lanes = Floats(pad);
      if (v + kFloatLanes <= count) {
        lanes = hn::LoadU(FD(), from + v);
      } else if (v < count) {
        lanes = LoadPart(from + v, count - v, pad);
      }
      const MF is_out = hn::RebindMask(FD(), hn::Eq(hn::Iota(ID(), static_cast<std::int32_t>(v)), out));
      hn::Store(hn::IfThenElse(is_out, Floats(pad), lanes), FD(), to + v);
    }
  }
  static HWY_INLINE void FetchStep(const float* from) {
    for (std::size_t i = 0; i < kStepFloats; i += 16) __builtin_prefetch(from + i);
  }

  SummedRow row_;
  StepCopies& copies_;
  std::size_t steps_;
  std::size_t left_out_;
  bool has_more_ = false;
  std::size_t last_step_ = kNoClass, patched_step_ = kNoClass;
};

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
