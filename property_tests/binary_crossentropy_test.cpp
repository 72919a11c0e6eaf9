#include <algorithm>
#include <cmath>

#include "property_tests/clipping.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(BinaryCrossentropy);

namespace {

/// The dialects' contracts from probabilities or from logits that the subject supports.
std::vector<Contract> in_each_dialect(Format format, bool logits) {
  std::vector<Contract> contracts;
  for (const DialectTraits& dialect : dialects()) {
    const Contract contract = with_logits(forward(Function::binary_crossentropy, format, dialect.dialect), logits);
    if (supports(contract)) contracts.push_back(contract);
  }
  return contracts;
}

Batch with_target(Batch batch, double target) {
  batch.target.assign(batch.output.size(), target);
  return batch;
}

}  // namespace

TEST_P(BinaryCrossentropy, ClipsAtEpsilon) { clips_at_epsilon(Function::binary_crossentropy, GetParam()); }

/// The clip makes these outputs one and the same number before anything else happens to them, so the bits must agree;
/// each is computed alone, as vector and scalar code may differ.
TEST_P(BinaryCrossentropy, ClippedOutputsAreAlike) {
  const Format format = GetParam();
  bool any = false;
  for (const Contract& contract : in_each_dialect(format, false)) {
    if (!path_of(contract).clips()) continue;
    any = true;
    const auto alike = [&](const Batch& batch) -> Complaint {
      for (const double target : {0.0, 1.0, 0.5}) {
        const double first = compute(contract, with_target(elements({batch.output[0]}), target))[0];
        for (const double o : batch.output) {
          const double loss = compute(contract, with_target(elements({o}), target))[0];
          if (same_bits(loss, first)) continue;
          return "t = " + shown(format, target) + ": " + shown(format, batch.output[0]) + " gives " +
                 shown(format, first) + ", " + shown(format, o) + " gives " + shown(format, loss);
        }
      }
      return {};
    };
    const auto [low, high] = clip_of(contract);
    check(contract,
          with_target(elements({low, step(format, low, -1), round_to(format, low / 3), smallest(format), 0, -1}), 0),
          alike);
    check(contract, with_target(elements({high, step(format, high, 1), 1, step(format, 1, 1), 2}), 0), alike);
  }
  if (!any) NEEDS(forward(Function::binary_crossentropy, format, Dialect::keras1));
}

/// From logits = from the probabilities sigmoid(x). The exact sigmoid(x) lies within the budget of the computed p; the
/// loss is convex in p with its minimum at t, so on an interval that does not hold t it lies between its values at the
/// ends. Near saturation those are far apart: that is the conditioning of the way through probabilities, not of the
/// loss.
TEST_P(BinaryCrossentropy, FromLogitsIsOfSigmoid) {
  const Contract sigmoid = forward(Function::sigmoid, GetParam());
  NEEDS(sigmoid);
  const std::vector<Contract> contracts = in_each_dialect(GetParam(), true);
  if (contracts.empty()) NEEDS(from_logits(Function::binary_crossentropy, GetParam()));
  const std::int64_t steps = reach_in_steps(sigmoid);
  for (const Contract& of_logits : contracts) {
    const Contract of_probabilities = with_logits(of_logits, false);
    // A floor, or an ε inside the logarithm, makes another function of the probabilities.
    if (!supports(of_probabilities) || path_of(of_probabilities).logarithm != Logarithm::plain) continue;
    const Clip clip = clip_of(of_probabilities);
    for_all(of_logits, drawing(of_logits, Adventure::tame), [&](const Batch& batch) {
      const std::vector<double> p = compute(sigmoid, elements(batch.output));
      Batch low = batch;
      Batch high = batch;
      for (std::size_t i = 0; i < p.size(); ++i) {
        low.output[i] = std::clamp(step(GetParam(), p[i], -steps), 0.0, 1.0);
        high.output[i] = std::clamp(step(GetParam(), p[i], steps), 0.0, 1.0);
      }
      const std::vector<double> direct = compute(of_logits, batch);
      const std::vector<double> at_low = compute(of_probabilities, low);
      const std::vector<double> at_high = compute(of_probabilities, high);
      return first_complaint("element", p.size(), [&](std::size_t i) -> Complaint {
        const double t = batch.target[i];
        const bool is_convex_here = t >= 0 && t <= 1 && (t <= low.output[i] || t >= high.output[i]);
        if (!is_convex_here || low.output[i] < clip.low || high.output[i] > clip.high) return {};
        return enclosed(of_probabilities, std::min(at_low[i], at_high[i]), std::max(at_low[i], at_high[i]), direct[i],
                        reach(of_logits, direct[i]));
      });
    });
  }
}

TEST_P(BinaryCrossentropy, FromLogitsIsSoftplus) {
  const Contract softplus = forward(Function::softplus, GetParam());
  NEEDS(softplus);
  const std::vector<Contract> contracts = in_each_dialect(GetParam(), true);
  if (contracts.empty()) NEEDS(from_logits(Function::binary_crossentropy, GetParam()));
  for (const Contract& contract : contracts) {
    for_all(contract, drawing(contract, Adventure::finite), [&](const Batch& batch) {
      const Complaint for_zero = agree(contract, compute(contract, with_target(batch, 0)), softplus,
                                       compute(softplus, elements(batch.output)));
      if (!for_zero.empty()) return "t = 0 against softplus(x): " + for_zero;
      const Complaint for_one = agree(contract, compute(contract, with_target(batch, 1)), softplus,
                                      compute(softplus, elements(negated(batch.output))));
      return for_one.empty() ? for_one : "t = 1 against softplus(-x): " + for_one;
    });
  }
}

/// The loss of (1 − t, 1 − o), or of (1 − t, −x), is that of (t, o), where these differences are exact. A clip is not
/// symmetric (1 − ε rounds otherwise than ε), so outputs that it touches are left out.
TEST_P(BinaryCrossentropy, MirrorsBothArguments) {
  bool any = false;
  for (const bool logits : {false, true}) {
    for (const Contract& contract : in_each_dialect(GetParam(), logits)) {
      any = true;
      const Clip clip = clip_of(contract);
      const auto is_clipped = [&](double o) { return !logits && (o < clip.low || o > clip.high); };
      for_all(contract, drawing(contract, Adventure::finite), [&](const Batch& batch) {
        Batch kept;
        Batch mirrored;
        for (std::size_t i = 0; i < batch.output.size(); ++i) {
          const double o = batch.output[i];
          const auto other = logits ? std::optional(-o) : exact_sum(GetParam(), 1, -o);
          const auto target = exact_sum(GetParam(), 1, -batch.target[i]);
          if (!other || !target || is_clipped(o) || is_clipped(*other)) continue;
          kept.output.push_back(o);
          kept.target.push_back(batch.target[i]);
          mirrored.output.push_back(*other);
          mirrored.target.push_back(*target);
        }
        if (kept.output.empty()) return Complaint();
        kept.shape = mirrored.shape = {1, kept.output.size(), 1};
        return agree(contract, compute(contract, kept), contract, compute(contract, mirrored));
      });
    }
  }
  if (!any) NEEDS(forward(Function::binary_crossentropy, GetParam()));
}

/// Two classes: [o, 1 − o] sums to 1 exactly where 1 − o is exact; from logits [x, 0].
TEST_P(BinaryCrossentropy, IsCategoricalOfTwo) {
  bool any = false;
  for (const bool logits : {false, true}) {
    const Contract binary = with_logits(forward(Function::binary_crossentropy, GetParam()), logits);
    const Contract categorical = with_function(binary, Function::categorical_crossentropy);
    if (!supports(binary) || !supports(categorical)) continue;
    any = true;
    for_all(binary, drawing(binary, Adventure::finite), [&](const Batch& batch) {
      Batch kept;
      Batch two;
      for (std::size_t i = 0; i < batch.output.size(); ++i) {
        const auto other = logits ? std::optional(0.0) : exact_sum(GetParam(), 1, -batch.output[i]);
        const auto target = exact_sum(GetParam(), 1, -batch.target[i]);
        if (!other || !target) continue;
        kept.output.push_back(batch.output[i]);
        kept.target.push_back(batch.target[i]);
        two.output.insert(two.output.end(), {batch.output[i], *other});
        two.target.insert(two.target.end(), {batch.target[i], *target});
      }
      if (kept.output.empty()) return Complaint();
      kept.shape = {1, kept.output.size(), 1};
      two.shape = {kept.output.size(), 2, 1};
      return agree(binary, compute(binary, kept), categorical, compute(categorical, two));
    });
  }
  if (!any) {
    NEEDS(forward(Function::binary_crossentropy, GetParam()));
    NEEDS(forward(Function::categorical_crossentropy, GetParam()));
  }
}

TEST_P(BinaryCrossentropy, PosWeightOfOneChangesNothing) {
  bool any = false;
  for (const bool logits : {false, true}) {
    for (const Contract& plain : in_each_dialect(GetParam(), logits)) {
      Contract weighted = plain;
      weighted.options.pos_weight = 1;
      if (!supports(weighted)) continue;
      any = true;
      for_all(weighted, drawing(weighted, Adventure::finite), [&](const Batch& batch) {
        return agree(weighted, compute(weighted, batch), plain, compute(plain, batch));
      });
    }
  }
  Contract weighted = forward(Function::binary_crossentropy, GetParam());
  weighted.options.pos_weight = 1;
  if (!any) NEEDS(weighted);
}

}  // namespace lossaudit::conform
