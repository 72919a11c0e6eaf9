#include "property_tests/shrinking.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "property_tests/generators.hpp"

namespace lossaudit::conform {
namespace {

int significant_bits(double x) {
  if (x == 0) return 0;
  int exponent = 0;
  auto integer = static_cast<std::uint64_t>(std::ldexp(std::abs(std::frexp(x, &exponent)), 53));
  int bits = 53;
  for (; (integer & 1) == 0; integer >>= 1) --bits;
  return bits;
}

/// What makes a value harder to read. Each shrink lowers it, so shrinking ends.
std::array<int, 5> complexity(Format format, double x) {
  if (std::isnan(x)) return {5, to_hex(format, x) == "nan" ? 0 : 1, 0, 0, 0};
  if (std::isinf(x)) return {4, std::signbit(x) ? 1 : 0, 0, 0, 0};
  if (x == 0) return {std::signbit(x) ? 2 : 0, 0, 0, 0, 0};
  if (x == 1) return {1, 0, 0, 0, 0};
  return {3, significant_bits(x), std::abs(std::ilogb(x)), std::signbit(x) ? 1 : 0, 0};
}

/// x with its first `bits` significant bits, the rest cut off.
double truncated(double x, int bits) {
  int exponent = 0;
  const double significand = std::frexp(x, &exponent);
  return std::ldexp(std::trunc(std::ldexp(significand, bits)), exponent - bits);
}

/// A label once only the classes of `kept` are left: that class's new number, 0 when it is gone.
std::int64_t relabelled(const Contract& contract, std::int64_t label, std::size_t classes,
                        const std::vector<std::size_t>& kept) {
  const bool is_class = label >= 0 && label < static_cast<std::int64_t>(classes);
  if (!is_class || contract.options.ignore_index == label) return label;
  const auto found = std::find(kept.begin(), kept.end(), static_cast<std::size_t>(label));
  return found == kept.end() ? 0 : found - kept.begin();
}

/// The batch of the rows and classes that are kept.
Batch sub_batch(const Contract& contract, const Batch& batch, const std::vector<std::size_t>& outers,
                const std::vector<std::size_t>& classes, const std::vector<std::size_t>& inners) {
  const Shape& from = batch.shape;
  Batch out;
  out.origin = batch.origin;
  out.shape = {outers.size(), classes.size(), inners.size()};
  const bool one_weight_a_row = unreduced_size(contract, from) == from.rows();
  for (const std::size_t o : outers) {
    for (std::size_t c = 0; c < classes.size(); ++c) {
      for (const std::size_t i : inners) {
        const std::size_t at = (o * from.classes + classes[c]) * from.inner + i;
        out.output.push_back(batch.output[at]);
        if (!batch.target.empty()) out.target.push_back(batch.target[at]);
        if (!batch.sample_weights.empty() && !one_weight_a_row) out.sample_weights.push_back(batch.sample_weights[at]);
        if (batch.upstream.size() == from.elements()) out.upstream.push_back(batch.upstream[at]);
      }
    }
    for (const std::size_t i : inners) {
      const std::size_t row = o * from.inner + i;
      if (!batch.labels.empty()) {
        out.labels.push_back(relabelled(contract, batch.labels[row], from.classes, classes));
      }
      if (!batch.sample_weights.empty() && one_weight_a_row) out.sample_weights.push_back(batch.sample_weights[row]);
    }
  }
  if (!batch.class_weights.empty()) {
    for (const std::size_t c : classes) out.class_weights.push_back(batch.class_weights[c]);
  }
  return out;
}

/// Which of n indices stay: the first half, the second half, then all but one.
std::vector<std::vector<std::size_t>> fewer_of(std::size_t n) {
  std::vector<std::vector<std::size_t>> choices;
  if (n < 2) return choices;
  const auto keep = [&](auto stays) {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < n; ++i) {
      if (stays(i)) kept.push_back(i);
    }
    if (!kept.empty() && kept.size() < n) choices.push_back(kept);
  };
  keep([&](std::size_t i) { return i < n / 2; });
  keep([&](std::size_t i) { return i >= n / 2; });
  for (std::size_t block = n / 4; block > 0; block /= 4) {
    for (std::size_t begin = 0; begin < n; begin += block) {
      keep([&](std::size_t i) { return i < begin || i >= begin + block; });
      if (choices.size() > 64) return choices;
    }
  }
  return choices;
}

std::vector<std::size_t> all_of(std::size_t n) {
  std::vector<std::size_t> indices(n);
  for (std::size_t i = 0; i < n; ++i) indices[i] = i;
  return indices;
}

constexpr std::vector<double> Batch::*tensors[] = {&Batch::output, &Batch::target, &Batch::class_weights,
                                                   &Batch::sample_weights};

/// Every value of one tensor at once: for rows too long to simplify one by one.
void simplify_together(const Contract& contract, const Batch& batch, std::vector<Batch>& simpler) {
  for (const auto tensor : tensors) {
    const std::vector<double>& values = batch.*tensor;
    if (values.size() < 2) continue;
    const auto add = [&](auto simplified) {
      Batch next = batch;
      bool changed = false;
      for (double& x : next.*tensor) {
        const double y = simplified(x);
        if (complexity(contract.format, y) < complexity(contract.format, x)) {
          x = y;
          changed = true;
        }
      }
      if (changed) simpler.push_back(std::move(next));
    };
    add([](double) { return 0.0; });
    add([](double) { return 1.0; });
    for (const int bits : {1, 2, 4}) {
      add([&](double x) { return std::isfinite(x) ? round_to(contract.format, truncated(x, bits)) : x; });
    }
  }
}

bool is_probability_or_unbounded(const Contract& contract, double before, double after) {
  // A value of the domain stays in the domain.
  return !takes_probabilities(contract) || !(before >= 0 && before <= 1) || (after >= 0 && after <= 1);
}

}  // namespace

std::vector<double> simpler_values(Format format, double value) {
  std::vector<double> candidates = {0, 1};
  if (std::isnan(value)) {
    candidates.push_back(std::numeric_limits<double>::quiet_NaN());
  } else if (std::isinf(value)) {
    candidates.push_back(-value);
  } else if (value != 0) {
    const int bits = significant_bits(value);
    const int exponent = std::ilogb(value);
    candidates.push_back(-value);
    for (const int kept : {1, 2, 3, 5, 8, 12, bits / 2, bits - 2, bits - 1}) {
      if (kept <= 0 || kept >= bits) continue;
      const double cut = truncated(value, kept);
      candidates.push_back(cut);
      candidates.push_back(cut + std::copysign(std::ldexp(1.0, exponent - kept + 1), value));
    }
    for (const int nearer : {0, exponent / 2, exponent - (exponent > 0 ? 1 : -1)}) {
      candidates.push_back(round_to(format, std::ldexp(value, nearer - exponent)));
    }
  }
  const auto now = complexity(format, value);
  std::vector<double> simpler;
  for (const double x : candidates) {
    if (round_to(format, x) == x || std::isnan(x)) {
      if (complexity(format, x) < now) simpler.push_back(x);
    }
  }
  return simpler;
}

std::vector<Batch> simpler_batches(const Contract& contract, const Batch& batch) {
  const Shape& shape = batch.shape;
  std::vector<Batch> simpler;
  for (const auto& kept : fewer_of(shape.outer)) {
    simpler.push_back(sub_batch(contract, batch, kept, all_of(shape.classes), all_of(shape.inner)));
  }
  for (const auto& kept : fewer_of(shape.inner)) {
    simpler.push_back(sub_batch(contract, batch, all_of(shape.outer), all_of(shape.classes), kept));
  }
  for (const auto& kept : fewer_of(shape.classes)) {
    simpler.push_back(sub_batch(contract, batch, all_of(shape.outer), kept, all_of(shape.inner)));
  }
  simplify_together(contract, batch, simpler);
  if (shape.elements() > 64) return simpler;
  for (const auto tensor : tensors) {
    for (std::size_t i = 0; i < (batch.*tensor).size(); ++i) {
      for (const double x : simpler_values(contract.format, (batch.*tensor)[i])) {
        if (tensor == &Batch::output && !is_probability_or_unbounded(contract, batch.output[i], x)) continue;
        simpler.push_back(batch);
        (simpler.back().*tensor)[i] = x;
      }
    }
  }
  for (std::size_t i = 0; i < batch.labels.size(); ++i) {
    if (batch.labels[i] > 0 && batch.labels[i] < static_cast<std::int64_t>(shape.classes)) {
      simpler.push_back(batch);
      simpler.back().labels[i] = 0;
    }
  }
  return simpler;
}

}  // namespace lossaudit::conform
