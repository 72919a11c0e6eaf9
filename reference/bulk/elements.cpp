#include <cstddef>

#include "reference/bulk.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reference/bulk/elements.cpp"
#include "hwy/foreach_target.h"
//
#include "reference/bulk/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

/// Multiplies what stands in the results by the incoming gradient.
template <class N>
void TimesUpstream(const Elements& e, std::size_t n) {
  for (std::size_t i = 0; i < n; i += hn::Lanes(D())) {
    const Part part(i, n);
    const N value = N::Load(part, e.value + i, N::kHasLow ? e.low + i : nullptr);
    const Enclosed<N> y = Times(Enclosed<N>{value, part.Load(e.radius + i, 0)}, part.Load(e.upstream + i, 0));
    Store(y, part, e.value + i, N::kHasLow ? e.low + i : nullptr, e.radius + i);
  }
}

template <class N, class Formula>
void Map(const Formula& formula, const Elements& e, std::size_t n) {
  for (std::size_t i = 0; i < n; i += hn::Lanes(D())) {
    const Part part(i, n);
    const V x = part.Load(e.output + i, 0.5);
    const V t = Formula::kTakesTarget ? part.Load(e.target + i, 0) : hn::Zero(D());
    Store(formula(N{}, x, t), part, e.value + i, N::kHasLow ? e.low + i : nullptr, e.radius + i);
  }
  if (e.upstream != nullptr) TimesUpstream<N>(e, n);
}

template <class N>
void MapBinary(bool forward, const Elements& e, std::size_t n) {
  if (e.from_logits) {
    return forward ? Map<N>(BinaryCrossentropyOf(), e, n) : Map<N>(BinaryCrossentropyDerivative(), e, n);
  }
  if (!e.clips) {
    return forward ? Map<N>(ProbableCrossentropyOf(), e, n) : Map<N>(ProbableCrossentropyDerivative(), e, n);
  }
  return forward ? Map<N>(Clipped<ProbableCrossentropyOf, false>{e.clip_low, e.clip_high}, e, n)
                 : Map<N>(Clipped<ProbableCrossentropyDerivative, true>{e.clip_low, e.clip_high}, e, n);
}

template <class N>
void MapFunction(Function function, Pass pass, const Elements& e, std::size_t n) {
  const bool forward = pass == Pass::forward;
  switch (function) {
    case Function::sigmoid:
      return forward ? Map<N>(SigmoidOf(), e, n) : Map<N>(SigmoidDerivative(), e, n);
    case Function::log_sigmoid:
      return forward ? Map<N>(LogSigmoidOf(), e, n) : Map<N>(LogSigmoidDerivative(), e, n);
    case Function::softplus:
      return forward ? Map<N>(SoftplusOf(), e, n) : Map<N>(SigmoidOf(), e, n);
    case Function::logit:
      return forward ? Map<N>(LogitOf(), e, n) : Map<N>(LogitDerivative(), e, n);
    case Function::binary_crossentropy:
      return MapBinary<N>(forward, e, n);
    default:
      return;
  }
}

void EncloseSingles(Function function, Pass pass, const Elements& e, std::size_t n) {
  MapFunction<Single>(function, pass, e, n);
}
void EnclosePairs(Function function, Pass pass, const Elements& e, std::size_t n) {
  MapFunction<Pair>(function, pass, e, n);
}

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::bulk {

HWY_EXPORT(EncloseSingles);
HWY_EXPORT(EnclosePairs);

void enclose_elements(Function function, Pass pass, Lanes lanes, const Elements& elements, std::size_t n) {
  if (lanes == Lanes::single) return HWY_DYNAMIC_DISPATCH(EncloseSingles)(function, pass, elements, n);
  HWY_DYNAMIC_DISPATCH(EnclosePairs)(function, pass, elements, n);
}

}  // namespace lossaudit::bulk
#endif
