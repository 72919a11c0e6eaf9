#include <algorithm>
#include <cstddef>

#include "reference/bulk.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reference/bulk/rows.cpp"
#include "hwy/foreach_target.h"
//
#include "reference/bulk/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

template <class N>
void EncloseRowOf(Function function, Pass pass, const Row& row, std::size_t n) {
  const bool forward = pass == Pass::forward;
  switch (function) {
    case Function::softmax:
      return forward ? SoftmaxRow<N>(row, n) : SoftmaxGradientRow<N>(row, n);
    case Function::log_softmax:
      return forward ? LogSoftmaxRow<N>(row, n) : LogSoftmaxGradientRow<N>(row, n);
    case Function::logsumexp:
      return forward ? LogsumexpRow<N>(row, n) : LogsumexpGradientRow<N>(row, n);
    case Function::categorical_crossentropy:
      return forward ? CategoricalRow<N>(row, n) : CategoricalGradientRow<N>(row, n);
    case Function::sparse_categorical_crossentropy:
      return forward ? SparseRow<N>(row, n) : SparseGradientRow<N>(row, n);
    default:
      return;
  }
}

void EncloseRow(Function function, Pass pass, Lanes lanes, const Row& row, std::size_t n) {
  if (lanes == Lanes::single) return EncloseRowOf<Single>(function, pass, row, n);
  EncloseRowOf<Pair>(function, pass, row, n);
}

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::bulk {

HWY_EXPORT(EncloseRow);

void enclose_row(Function function, Pass pass, Lanes lanes, const Row& row, std::size_t classes) {
  HWY_DYNAMIC_DISPATCH(EncloseRow)(function, pass, lanes, row, classes);
}

}  // namespace lossaudit::bulk
#endif
