// Losses composed from a vector library's exp, log and log1p, as its users compose them: each formula once, for any
// library. The formulas are those that stay finite: softplus as max(x, 0) + log1p(exp(-|x|)), rows with their maximum
// taken out. Sums are taken in the format itself, in a few accumulators.
//
// A library is a class V:  using Vec; lanes; load(const float*), store(float*, Vec), set(float), exp, log, log1p, abs,
// max(a, b), min(a, b), where_negative(x, a, b), sum(Vec), greatest(Vec); Vec has + - * /. (Arrays of Vec are C's: GCC warns
// of vectors as template arguments.)
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "adapters/kernel.hpp"

namespace lossaudit::adapters {
namespace {

template <class V>
struct Composed {
  using Vec = typename V::Vec;
  static constexpr std::size_t lanes = V::lanes;

  /// What a step gives: a value to be stored, and terms of sums.
  template <int sums>
  struct Step {
    Vec value;
    Vec terms[sums > 0 ? sums : 1];
  };

  /// y_i = the values of f, which is called with a function that loads from an array at the present place; the sums of
  /// f's terms. With y == nullptr nothing is stored.
  template <int sums, bool stores, class F>
  static std::array<float, static_cast<std::size_t>(sums)> stream(std::size_t n, float* y, F f) {
    // Several accumulators hide an addition's latency; a compiler that vectorises a scalar loop wants to see one.
    constexpr std::size_t many = sums == 0 || lanes == 1 ? 1 : sums == 1 ? 4 : 2;
    Vec totals[sums > 0 ? sums : 1][many];
    for (auto& total : totals) std::fill_n(total, many, V::set(0));
    std::size_t i = 0;
    const auto step = [&](std::size_t at, std::size_t accumulator) {
      const auto made = f([at](const float* p) { return V::load(p + at); });
      if constexpr (stores) V::store(y + at, made.value);
      for (int k = 0; k < sums; ++k) totals[k][accumulator] = totals[k][accumulator] + made.terms[k];
    };
    for (; i + many * lanes <= n; i += many * lanes) {
      for (std::size_t a = 0; a < many; ++a) step(i + a * lanes, a);
    }
    for (; i + lanes <= n; i += lanes) step(i, 0);
    std::array<float, static_cast<std::size_t>(sums)> results{};
    for (std::size_t k = 0; k < results.size(); ++k) {
      Vec total = totals[k][0];
      for (std::size_t a = 1; a < many; ++a) total = total + totals[k][a];
      results[k] = V::sum(total);
    }
    if constexpr (lanes > 1) {
      if (i < n) finish<sums, stores>(i, n, y, f, results);
    }
    return results;
  }

  /// The values that fill no vector, in one padded with zeros.
  template <int sums, bool stores, class F>
  static void finish(std::size_t i, std::size_t n, float* y, F f,
                     std::array<float, static_cast<std::size_t>(sums)>& results) {
    const std::size_t left = n - i;
    std::array<float, lanes> values{};
    const auto made = f([&](const float* p) {
      std::array<float, lanes> some{};
      std::memcpy(some.data(), p + i, left * sizeof(float));
      return V::load(some.data());
    });
    if constexpr (stores) {
      V::store(values.data(), made.value);
      std::memcpy(y + i, values.data(), left * sizeof(float));
    }
    for (std::size_t k = 0; k < results.size(); ++k) {
      V::store(values.data(), made.terms[k]);
      for (std::size_t j = 0; j < left; ++j) results[k] += values[j];
    }
  }

  template <class F>
  static void map(const float* x, float* y, std::size_t n, F f) {
    stream<0, true>(n, y, [&](auto at) { return Step<0>{f(at(x)), {V::set(0)}}; });
  }

  static float greatest(const float* x, std::size_t n) {
    constexpr std::size_t many = lanes == 1 ? 1 : 4;
    Vec most[many];
    std::fill_n(most, many, V::set(-std::numeric_limits<float>::infinity()));
    std::size_t i = 0;
    for (; i + many * lanes <= n; i += many * lanes) {
      for (std::size_t a = 0; a < many; ++a) most[a] = V::max(most[a], V::load(x + i + a * lanes));
    }
    for (std::size_t a = 1; a < many; ++a) most[0] = V::max(most[0], most[a]);
    float result = V::greatest(most[0]);
    for (; i < n; ++i) result = x[i] > result ? x[i] : result;
    return result;
  }

  // Elementwise functions.

  static Vec sigmoid(Vec x) { return V::set(1) / (V::set(1) + V::exp(V::set(0) - x)); }
  static Vec softplus(Vec x) { return V::max(x, V::set(0)) + V::log1p(V::exp(V::set(0) - V::abs(x))); }
  static Vec log_sigmoid(Vec x) { return V::min(x, V::set(0)) - V::log1p(V::exp(V::set(0) - V::abs(x))); }
  static Vec logit(Vec p) { return V::log(p / (V::set(1) - p)); }

  // Binary cross-entropy, its mean.

  static void binary_from_logits(const KernelCall& c) {
    const auto [sum] = stream<1, false>(c.count(), nullptr, [&](auto at) {
      const Vec x = at(c.output), t = at(c.target);
      return Step<1>{x, {V::max(x, V::set(0)) - x * t + V::log1p(V::exp(V::set(0) - V::abs(x)))}};
    });
    *c.result = sum / static_cast<float>(c.count());
  }

  static void binary_from_logits_with_gradient(const KernelCall& c) {
    const Vec share = V::set(1 / static_cast<float>(c.count()));
    const auto [sum] = stream<1, true>(c.count(), c.result, [&](auto at) {
      const Vec x = at(c.output), t = at(c.target);
      const Vec e = V::exp(V::set(0) - V::abs(x));
      const Vec s = V::where_negative(x, e, V::set(1)) / (V::set(1) + e);
      return Step<1>{(s - t) * share, {V::max(x, V::set(0)) - x * t + V::log1p(e)}};
    });
    *c.loss = sum / static_cast<float>(c.count());
  }

  template <bool clips>
  static void binary_from_probabilities(const KernelCall& c) {
    const Vec low = V::set(1e-7F), high = V::set(1 - 1e-7F), one = V::set(1);
    const auto [sum] = stream<1, false>(c.count(), nullptr, [&](auto at) {
      const Vec t = at(c.target);
      Vec p = at(c.output);
      if constexpr (clips) p = V::min(V::max(p, low), high);
      return Step<1>{p, {t * V::log(p) + (one - t) * V::log(one - p)}};
    });
    *c.result = -sum / static_cast<float>(c.count());
  }

  // Rows.

  /// y = exp(x - most); their sum.
  static float shifted_exp(const float* x, float* y, std::size_t n, float most) {
    const Vec shift = V::set(most);
    return stream<1, true>(n, y, [&](auto at) {
      const Vec e = V::exp(at(x) - shift);
      return Step<1>{e, {e}};
    })[0];
  }

  static float log_sum(const float* x, std::size_t n, float most) {
    const Vec shift = V::set(most);
    const auto [sum] = stream<1, false>(n, nullptr, [&](auto at) {
      const Vec e = V::exp(at(x) - shift);
      return Step<1>{e, {e}};
    });
    return std::log(sum);
  }

  /// A row's losses need its label or its targets: f(call's row).
  template <class F>
  static void each_row(const KernelCall& c, F f) {
    for (std::size_t row = 0; row < c.outer; ++row) f(row, c.output + row * c.classes, c.result + row * c.classes);
  }

  static void softmax(const KernelCall& c) {
    each_row(c, [&](std::size_t, const float* x, float* y) {
      const Vec scale = V::set(1 / shifted_exp(x, y, c.classes, greatest(x, c.classes)));
      map(y, y, c.classes, [&](Vec e) { return e * scale; });
    });
  }

  static void log_softmax(const KernelCall& c) {
    each_row(c, [&](std::size_t, const float* x, float* y) {
      const float most = greatest(x, c.classes);
      const Vec shift = V::set(most), log = V::set(log_sum(x, c.classes, most));
      map(x, y, c.classes, [&](Vec each) { return each - shift - log; });
    });
  }

  static void sparse(const KernelCall& c) {
    for (std::size_t row = 0; row < c.outer; ++row) {
      const float* x = c.output + row * c.classes;
      const float most = greatest(x, c.classes);
      c.result[row] = log_sum(x, c.classes, most) - (x[c.labels[row]] - most);
    }
  }

  static void sparse_with_gradient(const KernelCall& c) {
    each_row(c, [&](std::size_t row, const float* x, float* y) {
      const float most = greatest(x, c.classes);
      const float sum = shifted_exp(x, y, c.classes, most);
      const Vec scale = V::set(1 / sum);
      map(y, y, c.classes, [&](Vec e) { return e * scale; });
      y[c.labels[row]] -= 1;
      c.loss[row] = std::log(sum) - (x[c.labels[row]] - most);
    });
  }

  /// Σ exp(x - most), Σ t (x - most) and Σ t of a row; the exponentials to y, unless that is nullptr.
  template <bool stores>
  static std::array<float, 3> dense_sums(const float* x, const float* t, float* y, std::size_t n, float most) {
    const Vec shift = V::set(most);
    return stream<3, stores>(n, y, [&](auto at) {
      const Vec d = at(x) - shift, share = at(t), e = V::exp(d);
      return Step<3>{e, {e, share * d, share}};
    });
  }

  static void dense(const KernelCall& c) {
    for (std::size_t row = 0; row < c.outer; ++row) {
      const float* x = c.output + row * c.classes;
      const auto [sum, dot, shares] =
          dense_sums<false>(x, c.target + row * c.classes, nullptr, c.classes, greatest(x, c.classes));
      c.result[row] = shares * std::log(sum) - dot;
    }
  }

  static void dense_with_gradient(const KernelCall& c) {
    each_row(c, [&](std::size_t row, const float* x, float* y) {
      const float* t = c.target + row * c.classes;
      const auto [sum, dot, shares] = dense_sums<true>(x, t, y, c.classes, greatest(x, c.classes));
      const Vec scale = V::set(shares / sum);
      stream<0, true>(c.classes, y, [&](auto at) { return Step<0>{at(y) * scale - at(t), {V::set(0)}}; });
      c.loss[row] = shares * std::log(sum) - dot;
    });
  }

  static void mean_squared_error(const KernelCall& c) {
    for (std::size_t row = 0; row < c.outer; ++row) {
      const auto [sum] = stream<1, false>(c.classes, nullptr, [&](auto at) {
        const Vec d = at(c.target + row * c.classes) - at(c.output + row * c.classes);
        return Step<1>{d, {d * d}};
      });
      c.result[row] = sum / static_cast<float>(c.classes);
    }
  }

  static void cross_entropy_error(const KernelCall& c) {
    for (std::size_t row = 0; row < c.outer; ++row) {
      const auto [sum] = stream<1, false>(c.classes, nullptr, [&](auto at) {
        const Vec p = at(c.output + row * c.classes);
        return Step<1>{p, {at(c.target + row * c.classes) * V::log(p)}};
      });
      c.result[row] = -sum;
    }
  }

  template <Vec (*function)(Vec)>
  static void elementwise(const KernelCall& c) {
    map(c.output, c.result, c.count(), [](Vec x) { return function(x); });
  }

  static std::vector<Kernel> kernels() {
    return {
        plain_kernel("sigmoid exact f32 forward", "composed here as 1 / (1 + exp(-x))", elementwise<sigmoid>),
        plain_kernel("log_sigmoid exact f32 forward", "composed here from min, exp and log1p",
                     elementwise<log_sigmoid>),
        plain_kernel("softplus exact f32 forward", "composed here from max, exp and log1p", elementwise<softplus>),
        plain_kernel("logit exact f32 forward", "composed here as log(p / (1 - p))", elementwise<logit>),
        plain_kernel("binary_crossentropy exact f32 forward from_logits reduction=mean",
                     "composed here from max, exp and log1p", binary_from_logits),
        plain_kernel("binary_crossentropy exact f32 forward+gradient from_logits reduction=mean",
                     "composed here from max, exp and log1p", binary_from_logits_with_gradient),
        plain_kernel("binary_crossentropy exact f32 forward reduction=mean", "composed here from log",
                     binary_from_probabilities<false>),
        plain_kernel("binary_crossentropy keras1 f32 forward reduction=mean", "composed here from clip and log",
                     binary_from_probabilities<true>),
        plain_kernel("softmax exact f32 forward", "composed here as exp(x - max) / sum", softmax),
        plain_kernel("log_softmax exact f32 forward", "composed here as x - max - log(sum of exp(x - max))",
                     log_softmax),
        plain_kernel("sparse_categorical_crossentropy exact f32 forward from_logits",
                     "composed here as log(sum of exp(x - max)) - (x[label] - max)", sparse),
        plain_kernel("sparse_categorical_crossentropy exact f32 forward+gradient from_logits",
                     "composed here as softmax less the label", sparse_with_gradient),
        plain_kernel("categorical_crossentropy exact f32 forward from_logits",
                     "composed here from the sums of exp(x - max), t (x - max) and t", dense),
        plain_kernel("categorical_crossentropy exact f32 forward+gradient from_logits",
                     "composed here as softmax times the sum of t, less t", dense_with_gradient),
        plain_kernel("mean_squared_error exact f32 forward", "composed here as the sum of (t - o)^2 over n",
                     mean_squared_error),
        plain_kernel("cross_entropy_error exact f32 forward", "composed here as the sum of -t log(p)",
                     cross_entropy_error),
    };
  }
};

}  // namespace
}  // namespace lossaudit::adapters
