#include "audit/shrink.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

std::size_t& part(Shape& shape, int dimension) {
  return dimension == 0 ? shape.outer : dimension == 1 ? shape.classes : shape.inner;
}

/// `batch` without the places first … first+count−1 of one dimension; false when a label names one of them.
bool without(const Batch& batch, int dimension, std::size_t first, std::size_t count, Batch& smaller) {
  const auto removed = [&](int d, std::size_t place) {
    return d == dimension && place >= first && place < first + count;
  };
  smaller = Batch();
  smaller.origin = batch.origin;
  smaller.shape = batch.shape;
  part(smaller.shape, dimension) -= count;
  // One a class, or one a row; of rows of one class that is the same.
  const bool upstream_in_rows = batch.upstream.size() == batch.output.size();
  for (std::size_t o = 0; o < batch.shape.outer; ++o) {
    for (std::size_t c = 0; c < batch.shape.classes; ++c) {
      for (std::size_t i = 0; i < batch.shape.inner; ++i) {
        if (removed(0, o) || removed(1, c) || removed(2, i)) continue;
        const std::size_t at = (o * batch.shape.classes + c) * batch.shape.inner + i;
        smaller.output.push_back(batch.output[at]);
        if (!batch.target.empty()) smaller.target.push_back(batch.target[at]);
        if (upstream_in_rows) smaller.upstream.push_back(batch.upstream[at]);
      }
    }
  }
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    if (removed(0, row / batch.shape.inner) || removed(2, row % batch.shape.inner)) continue;
    if (!batch.sample_weights.empty()) smaller.sample_weights.push_back(batch.sample_weights[row]);
    if (!batch.upstream.empty() && !upstream_in_rows) smaller.upstream.push_back(batch.upstream[row]);
    if (batch.labels.empty()) continue;
    std::int64_t label = batch.labels[row];
    const bool is_class = label >= 0 && static_cast<std::uint64_t>(label) < batch.shape.classes;
    if (dimension == 1 && is_class) {
      if (removed(1, static_cast<std::size_t>(label))) return false;
      if (static_cast<std::size_t>(label) >= first) label -= static_cast<std::int64_t>(count);
    }
    smaller.labels.push_back(label);
  }
  for (std::size_t c = 0; c < batch.class_weights.size(); ++c) {
    if (!removed(1, c)) smaller.class_weights.push_back(batch.class_weights[c]);
  }
  return true;
}

class Search {
 public:
  Search(const Contract& contract, Batch batch, const std::function<bool(const Batch&)>& still, ShrinkLimits limits)
      : contract_(contract), best_(std::move(batch)), still_(still), limits_(limits) {}

  Batch run() {
    // Simpler values may do with fewer neighbours.
    do {
      for (const int dimension : {0, 2, 1}) remove_parts(dimension);
    } while (simplify() && best_.output.size() > 1);
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool spent(std::size_t elements) const {
    return calls_ >= limits_.calls || elements_ + elements > limits_.elements;
  }

  bool accept(Batch&& candidate) {
    if (spent(candidate.output.size())) return false;
    ++calls_;
    elements_ += candidate.output.size();
    if (!still_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  void remove_parts(int dimension) {
    Batch candidate;
    for (std::size_t count = part(best_.shape, dimension) / 2; count > 0; count /= 2) {
      for (std::size_t first = 0; first + count <= part(best_.shape, dimension);) {
        const std::size_t places = part(best_.shape, dimension);
        // Smaller parts leave larger candidates: once one costs too much, the rest do.
        if (spent(best_.output.size() / places * (places - count))) return;
        if (places == count) break;
        const bool gone = without(best_, dimension, first, count, candidate) && accept(std::move(candidate));
        if (!gone) first += count;
      }
    }
  }

  /// Simpler numbers in short cases: 0, 1, and the number with fewer bits. Whether there was any.
  bool simplify() {
    bool any = false;
    if (best_.output.size() > 16) return any;
    for (auto values :
         {&Batch::output, &Batch::target, &Batch::upstream, &Batch::sample_weights, &Batch::class_weights}) {
      for (std::size_t i = 0; i < (best_.*values).size(); ++i) {
        for (const double simpler : simpler_than((best_.*values)[i])) {
          Batch candidate = best_;
          (candidate.*values)[i] = simpler;
          if (!accept(std::move(candidate))) continue;
          any = true;
          break;
        }
      }
    }
    return any;
  }

  [[nodiscard]] std::vector<double> simpler_than(double x) const {
    std::vector<double> simpler;
    const auto offer = [&](double candidate) {
      if (candidate != x) simpler.push_back(candidate);
    };
    if (x == 0) return simpler;
    if (std::isnan(x)) {
      const double plain = nans(contract_.format)[0];
      if (to_hex(contract_.format, x) != to_hex(contract_.format, plain)) simpler.push_back(plain);
    }
    offer(0);
    if (x == 1) return simpler;
    offer(1);
    if (!std::isfinite(x)) return simpler;
    for (const int bits : {1, 3, 6, 10}) {
      const int exponent = std::ilogb(x) - bits + 1;
      const double scaled = std::ldexp(x, -exponent);
      for (const double rounded : {std::nearbyint(scaled), std::trunc(scaled)}) {
        offer(fit(contract_.format, std::ldexp(rounded, exponent)));
      }
    }
    return simpler;
  }

  Contract contract_;
  Batch best_;
  const std::function<bool(const Batch&)>& still_;
  ShrinkLimits limits_;
  std::size_t calls_ = 0, elements_ = 0;
};

}  // namespace

Batch shrink_case(const Contract& contract, Batch batch, const std::function<bool(const Batch&)>& still,
                  ShrinkLimits limits) {
  // Elementwise functions see no classes: as rows of one, every argument has one value a row.
  const bool elementwise = traits(contract.function).layout == Layout::elementwise;
  if (elementwise) batch.shape = {batch.output.size(), 1, 1};
  Batch smaller = Search(contract, std::move(batch), still, limits).run();
  if (elementwise) smaller.shape = {1, smaller.output.size(), 1};
  return smaller;
}

}  // namespace lossaudit
