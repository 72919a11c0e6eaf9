// A batch of short rows of logits, sixteen in the lanes of one another, through its stages. A stage goes over all of the
// batch: what one group of sixteen waits for, another computes meanwhile.
#if defined(LOSSAUDIT_FAST_SHORT_STAGES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_STAGES_INL_H_
#undef LOSSAUDIT_FAST_SHORT_STAGES_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_STAGES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fast/logit_batch.hpp"
#include "fast/row_ends-inl.h"
#include "fast/short_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

class ShortStages {
 public:
  HWY_INLINE explicit ShortStages(const LogitBatch& batch) : batch_(batch), n_(batch.classes) {}

  HWY_INLINE std::uint64_t Run() {
    const std::size_t end = (batch_.count + kRows - 1) / kRows;
    const std::uint64_t all = ~std::uint64_t{0} >> (LogitBatch::most_rows - batch_.count);
    if (batch_.targets != nullptr && AreAllSoft()) return all;
    for (std::size_t g = 0; g < end; ++g) {
      group_[g].Load(batch_.x + g * kRows * n_, CountOf(g), n_, IsFollowed(g));
      if (batch_.targets != nullptr) {
        FindTargets(g);
      } else {
        LoadLabels(g);
      }
    }
    for (std::size_t g = 0; g < end; ++g) {
      const std::int32_t* left_out = left_out_ + g * kRows;
      double* sum = sum_ + g * kRows;
      if (!HasLabels()) {
        group_[g].Sum<LeftOut::none, true>(left_out, sum);
      } else if (batch_.result != nullptr) {
        group_[g].Sum<LeftOut::listed, true>(left_out, sum);
      } else {
        group_[g].Sum<LeftOut::listed, false>(left_out, sum);
      }
    }
    std::uint64_t held = 0;
    for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) held |= End(r) << r;
    left_ = ~held & all;
    if (batch_.losses != nullptr) {
      for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) TellLosses(r);
    }
    if (batch_.result == nullptr) return left_;
    for (std::size_t g = 0; g < end; ++g) Write(g);
    return left_;
  }

 private:
  static constexpr std::size_t kRows = ShortRows::kRows;
  static constexpr std::size_t kGroups = LogitBatch::most_rows / kRows;

  bool HasLabels() const { return batch_.labels != nullptr || batch_.targets != nullptr; }
  bool IsFollowed(std::size_t g) const { return batch_.is_followed || (g + 1) * kRows < batch_.count; }
  std::size_t CountOf(std::size_t g) const { return HWY_MIN(kRows, batch_.count - g * kRows); }
  std::uint32_t LeftOf(std::size_t g) const { return static_cast<std::uint32_t>(left_ >> g * kRows & 0xffff); }
  /// Numbers of a vector of rows from r on; `pad` where there is none.
  template <class Tag>
  HWY_INLINE hn::Vec<Tag> LoadRows(Tag d, const hn::TFromD<Tag>* from, std::size_t r, hn::TFromD<Tag> pad) const {
    if (HWY_LIKELY(r + hn::Lanes(d) <= batch_.count)) return hn::LoadU(d, from + r);
    if (r >= batch_.count) return hn::Set(d, pad);
    const auto is_row = hn::FirstN(d, batch_.count - r);
    return hn::IfThenElse(is_row, hn::MaskedLoad(is_row, d, from + r), hn::Set(d, pad));
  }
  /// With the target, if there are any.
  HWY_INLINE V Factor(std::size_t r) const {
    const V given = batch_.factors == nullptr ? Constant(1) : LoadRows(D(), batch_.factors, r, 1);
    return batch_.targets == nullptr ? given : hn::Mul(LoadFloats(target_ + r), given);
  }

  /// Soft targets as they usually are: no look at all of them is needed.
  HWY_INLINE bool AreAllSoft() const {
    const float* target = batch_.targets;
    std::size_t r = 0;
    while (r < batch_.count && n_ > 1 && target[r * n_] != 0 && target[r * n_ + 1] != 0) ++r;
    return r == batch_.count;
  }

  /// The labels are where the targets are not 0; -1 where a row has not one of them.
  HWY_INLINE void FindTargets(std::size_t g) {
    VI label[kRowParts];
    VI count[kRowParts];
    VF target[kRowParts];
    for (std::size_t p = 0; p < kRowParts; ++p) {
      label[p] = Integers(-1);
      count[p] = Integers(0);
      target[p] = Floats(0);
    }
    const auto take = [&](std::size_t c, std::size_t p, VF column) HWY_ATTR {
      if (c >= n_) return;
      const MF is_none = hn::Eq(column, hn::Zero(FD()));
      const MI has_none = hn::RebindMask(ID(), is_none);
      target[p] = hn::IfThenElse(is_none, target[p], column);
      label[p] = hn::IfThenElse(has_none, label[p], Integers(static_cast<std::int32_t>(c)));
      count[p] = hn::IfThenElse(has_none, count[p], hn::Add(count[p], Integers(1)));
    };
    ShortColumns::ForEach(batch_.targets + g * kRows * n_, CountOf(g), n_, IsFollowed(g), take);
    for (std::size_t p = 0; p < kRowParts; ++p) {
      const std::size_t r = g * kRows + p * kFloatLanes;
      const MI is_one = hn::Eq(count[p], Integers(1));
      hn::Store(hn::IfThenElse(is_one, label[p], Integers(-1)), ID(), left_out_ + r);
      hn::Store(target[p], FD(), target_ + r);
    }
  }

  /// As 32 bits, with -1 for what is no label.
  HWY_INLINE void LoadLabels(std::size_t g) {
    if (!HasLabels()) {
      for (std::size_t r = g * kRows; r < (g + 1) * kRows; r += kFloatLanes)
        hn::Store(Integers(-1), ID(), left_out_ + r);
      return;
    }
    const hn::RebindToSigned<D> wide;
    const hn::Rebind<std::uint32_t, D> narrow;
    for (std::size_t r = g * kRows; r < (g + 1) * kRows; r += hn::Lanes(D())) {
      const auto label = LoadRows(wide, batch_.labels, r, -1);
      const auto is_class =
          hn::AndNot(hn::Lt(label, hn::Zero(wide)), hn::Lt(label, hn::Set(wide, static_cast<std::int64_t>(n_))));
      const auto counts = hn::AndNot(hn::Eq(label, hn::Set(wide, batch_.ignored)), is_class);
      const auto known = hn::IfThenElse(counts, label, hn::Set(wide, -1));
      const auto low = hn::TruncateTo(narrow, hn::BitCast(hn::RebindToUnsigned<D>(), known));
      hn::Store(low, narrow, reinterpret_cast<std::uint32_t*>(left_out_ + r));
    }
  }

  /// Of a vector of rows. Gives those that are not left.
  HWY_INLINE std::uint64_t End(std::size_t r) {
    const ShortRows& rows = group_[r / kRows];
    const V sum = hn::Load(D(), sum_ + r);
    const V maximum = rows.Maxima(r % kRows);
    const V factor = Factor(r);
    M is_held = hn::And(hn::IsFinite(maximum), hn::Le(hn::Abs(factor), Constant(kLargestFactor)));
    if (!HasLabels()) {
      hn::Store(hn::Mul(FactorOf(sum), factor), D(), factor_ + r);
    } else {
      const V own = rows.Own(r % kRows);
      const V label = hn::PromoteTo(D(), hn::Load(hn::Rebind<std::int32_t, D>(), left_out_ + r));
      is_held = hn::And(is_held, hn::AndNot(hn::Eq(hn::Abs(own), Constant(kInfinity)), hn::Ge(label, hn::Zero(D()))));
      const LabelledEnd end(exp_, sum, rows.Exponents(r % kRows), hn::Sub(maximum, own));
      V loss = end.loss;
      if (batch_.targets != nullptr) {
        const V target = LoadFloats(target_ + r);
        const M is_target = hn::And(hn::Gt(target, hn::Zero(D())), hn::Lt(target, Constant(kInfinity)));
        is_held = hn::And(is_held, is_target);
        loss = hn::Mul(target, loss);
      }
      hn::Store(loss, D(), loss_ + r);
      hn::Store(hn::Mul(end.factor, factor), D(), factor_ + r);
      hn::StoreU(ToFloat(hn::Neg(hn::Mul(end.missing, factor))), F(), own_ + r);
    }
    std::uint8_t bits[8] = {};  // as many as StoreMaskBits may write
    hn::StoreMaskBits(D(), is_held, bits);
    return bits[0];
  }

  HWY_INLINE void TellLosses(std::size_t r) {
    const V loss = hn::Load(D(), loss_ + r);
    if (HWY_LIKELY(r + hn::Lanes(D()) <= batch_.count)) return hn::StoreU(loss, D(), batch_.losses + r);
    for (std::size_t i = r; i < batch_.count; ++i) batch_.losses[i] = loss_[i];
  }

  HWY_INLINE void Write(std::size_t g) {
    const std::size_t r = g * kRows;
    float* result = batch_.result + r * n_;
    // What is written behind the last row is overwritten by the rows that follow, unless these are still to be read.
    const bool overwrites = batch_.result == batch_.x || batch_.result == batch_.targets;
    if (LeftOf(g) == 0 && CountOf(g) == kRows && IsFollowed(g) && ShortStride(n_) == n_ && !overwrites) {
      return group_[g].Scaled(factor_ + r, left_out_ + r, own_ + r, result);
    }
    HWY_ALIGN float rows[ShortRows::kRows * ShortRows::kMostClasses + 4];
    group_[g].Scaled(factor_ + r, left_out_ + r, own_ + r, rows);
    CopyShortRows(rows, n_, CountOf(g), LeftOf(g), result);
  }

  const LogitBatch& batch_;
  std::size_t n_;
  std::uint64_t left_ = 0;
  DoubleExpTable exp_;
  HWY_ALIGN double sum_[LogitBatch::most_rows];
  HWY_ALIGN double loss_[LogitBatch::most_rows];
  HWY_ALIGN double factor_[LogitBatch::most_rows];
  HWY_ALIGN std::int32_t left_out_[LogitBatch::most_rows];
  HWY_ALIGN float target_[LogitBatch::most_rows];
  HWY_ALIGN float own_[LogitBatch::most_rows];
  ShortRows group_[kGroups];
};

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
