// Planted bugs of reductions, weights and denominators.
#pragma once

#include <cmath>

#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {

struct SumReturnsMean : Sound {
  Real reduced(const Call& call, Real total, Real divisor, std::size_t count) const override {
    return call.reduction == "sum" ? total / static_cast<Real>(count) : Sound::reduced(call, total, divisor, count);
  }
};

struct MeanReturnsSum : Sound {
  Real reduced(const Call& /*call*/, Real total, Real /*divisor*/, std::size_t /*count*/) const override {
    return total;
  }
  Real gradient_divisor(const Call& /*call*/) const override { return 1; }
};

/// Divides by all rows, ignored ones too.
struct MeanOverAllRows : Sound {
  Real share_of(const Call& call, const Loss& loss) const override {
    return loss.ignored ? 1 : Sound::share_of(call, loss);
  }
};

/// Divides by the number of rows, whatever they weigh.
struct MeanDividesByCount : Sound {
  Real share_of(const Call& /*call*/, const Loss& loss) const override { return loss.ignored ? 0 : 1; }
};

/// Divides by the sample weights alone: class weights count nothing in the mean.
struct MeanForgetsClassWeights : Sound {
  Real share_of(const Call& call, const Loss& loss) const override {
    return Sound::share_of(call, {loss.value, loss.weight, 1, loss.ignored});
  }
};

/// keras1 divides by the sum of the weights.
struct Keras1DividesByWeights : Sound {
  Real share_of(const Call& call, const Loss& loss) const override {
    return call.keras1 && !loss.ignored ? loss.weight : Sound::share_of(call, loss);
  }
};

struct SampleWeightsIgnored : Sound {
  Real sample_weight(const Call& /*call*/, std::size_t /*loss*/) const override { return 1; }
};

struct SampleWeightsTwice : Sound {
  Real term_of(const Call& call, const Loss& loss) const override {
    return Sound::term_of(call, loss) * (loss.ignored ? 1 : loss.weight);
  }
};

/// The first sample's weight is every sample's.
struct SampleWeightsBroadcast : Sound {
  Real sample_weight(const Call& call, std::size_t /*loss*/) const override { return Sound::sample_weight(call, 0); }
};

/// An ignored row is multiplied by 0 instead of being left out.
struct IgnoredRowsTimesZero : Sound {
  bool ignores(const Call& /*call*/, std::int64_t /*label*/) const override { return false; }
  std::int64_t label_of(const Call& call, std::size_t row) const override {
    return Sound::ignores(call, call.tensors.labels[row]) ? 0 : call.tensors.labels[row];
  }
  Loss loss_of(const Call& call, std::size_t index) const override {
    Loss loss = Sound::loss_of(call, index);
    if (call.tensors.labels != nullptr && Sound::ignores(call, call.tensors.labels[index])) {
      loss.value *= 0;
      loss.share = 0;
    }
    return loss;
  }
};

/// Smoothing's even share is charged for ignored rows.
struct IgnoredRowsAreSmoothed : Sound {
  Loss loss_of(const Call& call, std::size_t index) const override {
    Loss loss = Sound::loss_of(call, index);
    if (!loss.ignored || call.smoothing == 0) return loss;
    const Row o = row_of(call, call.tensors.output, index);
    loss.value = cross_entropy(call, Row(o.size(), 0), class_weights(call), o);
    return {loss.value, loss.weight, 0, false};
  }
};

/// The sum loses every loss past the first 65,536.
struct ReductionStopsAt65536 : Sound {
  Real reduced(const Call& call, Real total, Real divisor, std::size_t count) const override {
    const Real kept = count > 65536 ? 65536.0L / static_cast<Real>(count) : 1;
    return Sound::reduced(call, total * kept, divisor, count);
  }
};

}  // namespace lossaudit::mutants
