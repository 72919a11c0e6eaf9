// Planted bugs of softmax, log_softmax and logsumexp.
#pragma once

#include <algorithm>
#include <cmath>

#include "property_tests/mutants/single_precision.hpp"
#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {

inline Real largest_of(const Row& x) { return *std::max_element(x.begin(), x.end()); }

struct SoftmaxWithoutShift : Sound {
  Row softmax(const Call& /*call*/, const Row& x) const override {
    float total = 0;
    for (const Real value : x) total += std::exp(f32(value));
    Row result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = std::exp(f32(x[i])) / total;
    return result;
  }
};

/// x − max is rounded before its exponential is taken.
struct SoftmaxRoundsTheShift : Sound {
  Row softmax(const Call& call, const Row& x) const override {
    const Real top = largest_of(x);
    Row shifted = x;
    for (Real& value : shifted) value = std::isinf(top) ? value : call.storage.round(value - top);
    return Sound::softmax(call, shifted);
  }
};

/// The maximum is taken over the first 8 classes only.
struct SoftmaxShiftsByTheHead : Sound {
  Row softmax(const Call& /*call*/, const Row& x) const override {
    const float top = f32(*std::max_element(x.begin(), x.begin() + std::min<std::ptrdiff_t>(8, std::ssize(x))));
    float total = 0;
    for (const Real value : x) total += std::exp(f32(value) - top);
    Row result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = std::exp(f32(x[i]) - top) / total;
    return result;
  }
};

/// One pass over the row that forgets to rescale its sum when a new maximum comes.
struct SoftmaxForgetsToRescale : Sound {
  Row softmax(const Call& call, const Row& x) const override {
    Row result = Sound::softmax(call, x);
    Real running = x[0], total = 0;
    for (const Real value : x) {
      running = std::max(running, value);
      total += std::exp(value - running);
    }
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = std::exp(x[i] - running) / total;
    return result;
  }
};

/// The last n mod 8 classes are left as exponentials, undivided.
struct SoftmaxTailUndivided : Sound {
  Row softmax(const Call& call, const Row& x) const override {
    Row result = Sound::softmax(call, x);
    const Real top = largest_of(x);
    for (std::size_t i = x.size() - x.size() % 8; i < x.size(); ++i) result[i] = std::exp(x[i] - top);
    return result;
  }
};

/// Exponentials below the smallest normal number vanish.
struct SoftmaxTailFlushed : Sound {
  Row softmax(const Call& call, const Row& x) const override {
    Row result = Sound::softmax(call, x);
    for (Real& value : result) value = value < call.storage.smallest_normal() * 2 ? 0 : value;
    return result;
  }
};

/// One more class, of logit 0, in the denominator ("softmax plus one").
struct SoftmaxPlusOne : Sound {
  Row softmax(const Call& call, const Row& x) const override {
    Row longer = x;
    longer.push_back(0);
    Row result = Sound::softmax(call, longer);
    result.pop_back();
    return result;
  }
};

/// ln(softmax(x)).
struct LogSoftmaxComposed : Sound {
  Row log_softmax(const Call& call, const Row& x) const override {
    Row result = Sound::softmax(call, x);
    for (Real& value : result) value = std::log(f32(value));
    return result;
  }
};

/// x − logsumexp(x), the latter rounded first.
struct LogSoftmaxBySubtraction : Sound {
  Row log_softmax(const Call& call, const Row& x) const override {
    const Real lse = call.storage.round(Sound::logsumexp(call, x));
    Row result = x;
    for (Real& value : result) value = std::isinf(lse) ? value - lse : call.storage.round(value - lse);
    return result;
  }
};

struct LogsumexpWithoutShift : Sound {
  Real logsumexp(const Call& /*call*/, const Row& x) const override {
    float total = 0;
    for (const Real value : x) total += std::exp(f32(value));
    return std::log(total);
  }
};

/// max + ln Σ instead of max + log1p of the others: [0, −40] gives 0.
struct LogsumexpWithoutLog1p : Sound {
  Real logsumexp(const Call& /*call*/, const Row& x) const override {
    const Real top = largest_of(x);
    double total = 0;
    for (const Real value : x) total += static_cast<double>(std::exp(value - top));
    return top + std::log(total);
  }
};

/// max + log1p in single precision: cancels where Σ e^x is near 1.
struct LogsumexpCancels : Sound {
  Real logsumexp(const Call& /*call*/, const Row& x) const override {
    const Real top = largest_of(x);
    Real rest = -1;
    for (const Real value : x) rest += std::exp(value - top);
    return f32(top) + std::log1p(f32(rest));
  }
};

}  // namespace lossaudit::mutants
