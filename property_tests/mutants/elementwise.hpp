// Planted bugs of relu, sigmoid, log_sigmoid, softplus and logit.
#pragma once

#include <cmath>

#include "property_tests/mutants/single_precision.hpp"
#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {

/// max(0, NaN) = 0.
struct ReluSwallowsNan : Sound {
  Real relu(const Call& /*call*/, Real x) const override { return x > 0 ? x : 0; }
};

/// x · (x > 0): −inf · 0 is NaN.
struct ReluMultipliesByMask : Sound {
  Real relu(const Call& /*call*/, Real x) const override { return x * (x > 0 ? 1 : 0); }
};

struct ReluLeaks : Sound {
  Real relu(const Call& /*call*/, Real x) const override { return x < 0 ? x / 100 : x; }
};

struct ReluStopsAtSix : Sound {
  Real relu(const Call& /*call*/, Real x) const override { return x > 6 ? 6 : x <= 0 ? 0 : x; }
};

/// e^x / (1 + e^x): inf / inf for large x.
struct SigmoidOverflows : Sound {
  Real sigmoid(const Call& /*call*/, Real x) const override {
    const float e = std::exp(f32(x));
    return e / (1 + e);
  }
};

/// The fast approximation tanh-like kernels use, good to 1e-4.
struct SigmoidToFourDigits : Sound {
  Real sigmoid(const Call& call, Real x) const override {
    const Real s = Sound::sigmoid(call, x);
    return s * (1 + 1e-4L * (1 - s));
  }
};

/// Saturates to 1 a little early.
struct SigmoidSaturatesEarly : Sound {
  Real sigmoid(const Call& call, Real x) const override { return x > 14 ? 1 : Sound::sigmoid(call, x); }
};

/// Clamps its argument to ±87, where e^x is still normal.
struct SigmoidTailFlushed : Sound {
  Real sigmoid(const Call& call, Real x) const override { return x < -87 ? 0 : Sound::sigmoid(call, x); }
};

/// sigmoid(x) = 1 − sigmoid(−x) for x < 0: right in absolute terms only.
struct SigmoidByReflection : Sound {
  Real sigmoid(const Call& /*call*/, Real x) const override {
    const float s = 1 / (1 + std::exp(-std::abs(f32(x))));
    return x < 0 ? 1 - s : s;
  }
};

/// ln(sigmoid(x)).
struct LogSigmoidComposed : Sound {
  Real log_sigmoid(const Call& /*call*/, Real x) const override { return std::log(1 / (1 + std::exp(-f32(x)))); }
};

/// The tail from −4 down is the asymptote x.
struct LogSigmoidTailIsX : Sound {
  Real log_sigmoid(const Call& call, Real x) const override { return x <= -4 ? x : Sound::log_sigmoid(call, x); }
};

/// ln(1 + e^x): overflows, and loses all of small e^x.
struct SoftplusTextbook : Sound {
  Real softplus(const Call& /*call*/, Real x) const override { return std::log(1 + std::exp(f32(x))); }
};

/// x itself above a threshold that only bfloat16 could have.
struct SoftplusThreshold : Sound {
  Real softplus(const Call& call, Real x) const override { return x > 8 ? x : Sound::softplus(call, x); }
};

/// ln(p / (1 − p)).
struct LogitQuotient : Sound {
  Real logit(const Call& /*call*/, Real p) const override {
    const float o = f32(p);
    return o >= 0 && o <= 1 ? std::log(o / (1 - o)) : std::nan("");
  }
};

/// −ln(1/p − 1): 1/p overflows for subnormal p.
struct LogitOfReciprocal : Sound {
  Real logit(const Call& call, Real p) const override {
    return p > 0 && 1 / p > call.storage.largest() ? -infinity : Sound::logit(call, p);
  }
};

/// Clips p to [1e-6, 1 − 1e-6], as the `eps` of several frameworks.
struct LogitClips : Sound {
  Real logit(const Call& call, Real p) const override {
    return Sound::logit(call, p < 1e-6L ? 1e-6L : p > 1 - 1e-6L ? 1 - 1e-6L : p);
  }
};

}  // namespace lossaudit::mutants
