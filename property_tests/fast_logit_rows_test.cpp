// Rows of logits in float lanes: every way that a row can take, by its length, its size and its confidence, against the
// reference on every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/losses.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

constexpr double largest_f32 = 0x1.fffffep127;
constexpr double infinity = std::numeric_limits<double>::infinity();

double f32(double x) { return round_to(Format::f32, x); }

/// Lengths about vectors (16), steps (64), blocks (512), batches (4096), and where short rows end (64).
constexpr std::size_t lengths[] = {1,  2,  3,  4,   5,   7,   8,   9,   15,   16,   17,   31,  33,
                                   63, 64, 65, 127, 128, 129, 511, 513, 1000, 2049, 4096, 4097};

using MakeRow = std::function<void(Random&, std::vector<double>&)>;
struct RowKind {
  const char* name;
  MakeRow fill;
};

void fill_normal(Random& random, std::vector<double>& x, double offset, double scale) {
  for (double& v : x) v = f32(offset + random.normal() * scale);
}

const std::vector<RowKind>& row_kinds() {
  static const std::vector<RowKind> kinds = {
      {"usual", [](Random& r, std::vector<double>& x) { fill_normal(r, x, 0, 5); }},
      {"wide", [](Random& r, std::vector<double>& x) { fill_normal(r, x, -20, 60); }},
      {"near the shift", [](Random& r, std::vector<double>& x) { fill_normal(r, x, r.one_in(2) ? 256 : -256, 1); }},
      {"far", [](Random& r, std::vector<double>& x) { fill_normal(r, x, r.one_in(2) ? 1e4 : -1e4, 30); }},
      {"huge",
       [](Random& r, std::vector<double>& x) {
         for (double& v : x) v = f32((r.one_in(2) ? 1 : -1) * r.uniform() * largest_f32);
         x[r.below(x.size())] = r.one_in(2) ? largest_f32 : 3e38;
       }},
      {"equal", [](Random& r, std::vector<double>& x) { std::fill(x.begin(), x.end(), f32(r.normal() * 100)); }},
      {"confident",
       [](Random& r, std::vector<double>& x) {
         fill_normal(r, x, 0, 1);
         x[r.below(x.size())] = f32(r.uniform(10, 80));
       }},
      // The scale of a row's sum comes from its beginning: what is far above that comes last.
      {"late peak",
       [](Random& r, std::vector<double>& x) {
         fill_normal(r, x, r.one_in(3) ? -1000 : 0, 1);
         x.back() = f32(r.one_in(4) ? 3e38 : x.front() + r.uniform(15, 300));
       }},
      {"subnormal results",
       [](Random& r, std::vector<double>& x) {
         for (double& v : x) v = f32(r.uniform(-104.5, -86));
         x[r.below(x.size())] = 0;
       }},
      {"two at the top",
       [](Random& r, std::vector<double>& x) {
         fill_normal(r, x, -40, 3);
         const double top = f32(r.normal() * 20);
         x[r.below(x.size())] = top;
         x[r.below(x.size())] = std::nextafter(static_cast<float>(top), 0.0F);
       }},
      {"masked",
       [](Random& r, std::vector<double>& x) {
         fill_normal(r, x, 0, 5);
         for (double& v : x) v = r.one_in(3) ? -infinity : v;
         x[r.below(x.size())] = 1;
       }},
  };
  return kinds;
}

/// A few rows of one kind and length.
Batch make_rows(Random& random, const RowKind& kind, std::size_t classes, std::size_t rows) {
  std::vector<double> output;
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<double> row(classes);
    kind.fill(random, row);
    output.insert(output.end(), row.begin(), row.end());
  }
  return rows_batch(classes, output);
}

/// A finite label of each row: its maximum, or any other.
std::int64_t label_of(Random& random, const Batch& batch, std::size_t row) {
  const std::size_t n = batch.shape.classes;
  const auto* x = batch.output.data() + row * n;
  std::size_t label = random.one_in(2) ? static_cast<std::size_t>(std::max_element(x, x + n) - x) : random.below(n);
  while (!std::isfinite(x[label])) label = (label + 1) % n;
  return static_cast<std::int64_t>(label);
}

void check(const char* contract, const Batch& batch, double ulps, const char* kind) {
  EXPECT_LE(expect_within_budget(parse_contract(contract), batch), ulps)
      << contract << ", " << kind << ", " << batch.shape.classes << " classes";
}

class FastLogitRows : public testing::TestWithParam<std::size_t> {
 protected:
  std::size_t classes_ = GetParam();
  /// More than a batch of short ones, and some left over.
  std::size_t rows_ = classes_ == 7 ? 67 : classes_ < 100 ? 19 : 2;
  Random random_{classes_};
};

TEST_P(FastLogitRows, AreWithinTheirBounds) {
  for (const RowKind& kind : row_kinds()) {
    Batch batch = make_rows(random_, kind, classes_, rows_);
    check("softmax exact f32 forward", batch, 1, kind.name);
    check("log_softmax exact f32 forward", batch, 1.75, kind.name);
    check("logsumexp exact f32 forward", batch, 1, kind.name);
    for (std::size_t r = 0; r < rows_; ++r) {
      batch.upstream.push_back(f32((random_.one_in(2) ? 1 : -1) * std::exp2(random_.uniform(-140, 70))));
    }
    check("logsumexp exact f32 gradient", batch, 1, kind.name);
  }
}

TEST_P(FastLogitRows, LossesOfLabelsAreWithinTheirBounds) {
  for (const RowKind& kind : row_kinds()) {
    Batch batch = make_rows(random_, kind, classes_, rows_);
    Batch dense = batch;
    dense.target.assign(batch.output.size(), 0);
    for (std::size_t r = 0; r < rows_; ++r) {
      batch.labels.push_back(label_of(random_, batch, r));
      dense.target[r * classes_ + static_cast<std::size_t>(batch.labels[r])] = random_.one_in(2) ? 1 : 0.75;
    }
    check("sparse_categorical_crossentropy exact f32 forward from_logits", batch, 1, kind.name);
    check("sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean", batch, 1, kind.name);
    check("categorical_crossentropy exact f32 forward from_logits", dense, 1, kind.name);
    for (const double size : {1.0, 1e-30, 1e20}) {
      batch.upstream.assign(rows_, 0);
      for (double& g : batch.upstream) g = f32(size * random_.normal());
      dense.upstream = batch.upstream;
      check("sparse_categorical_crossentropy exact f32 gradient from_logits", batch, 1, kind.name);
      check("categorical_crossentropy exact f32 gradient from_logits", dense, 1, kind.name);
    }
  }
}

TEST_P(FastLogitRows, LossesOfSoftTargetsAreWithinTheirBounds) {
  for (const RowKind& kind : row_kinds()) {
    Batch batch = make_rows(random_, kind, classes_, rows_);
    for (std::size_t i = 0; i < batch.output.size(); ++i) {
      const std::size_t row = i / classes_;
      const std::size_t from_ends = std::min(i % classes_, classes_ - 1 - i % classes_);
      const bool has_target = row % 2 == 0 ? random_.one_in(2) : from_ends == row / 2 % 3;  // or two, far apart
      batch.target.push_back(std::isfinite(batch.output[i]) && has_target ? f32(random_.uniform()) : 0);
    }
    check("categorical_crossentropy exact f32 forward from_logits", batch, 1, kind.name);
    check("categorical_crossentropy exact f32 forward from_logits reduction=sum", batch, 1, kind.name);
    // All but nothing on the maximum: a loss that is small where the row is confident.
    for (std::size_t r = 0; r < rows_; ++r) {
      auto* target = batch.target.data() + r * classes_;
      const auto* x = batch.output.data() + r * classes_;
      std::fill_n(target, classes_, 0);
      target[label_of(random_, batch, r)] = f32(std::exp2(-random_.uniform(20, 60)));
      target[std::max_element(x, x + classes_) - x] = 1;
    }
    check("categorical_crossentropy exact f32 forward from_logits", batch, 1, kind.name);
  }
}

std::string length_name(const testing::TestParamInfo<std::size_t>& info) { return std::to_string(info.param); }
TEST_P(FastLogitRows, GradientsOfSoftTargetsAreWithinTheirBounds) {
  for (const RowKind& kind : row_kinds()) {
    Batch batch = make_rows(random_, kind, classes_, rows_);
    for (std::size_t r = 0; r < rows_; ++r) {
      const auto* x = batch.output.data() + r * classes_;
      const double top = *std::max_element(x, x + classes_);
      double sum = 0;
      for (std::size_t i = 0; i < classes_; ++i) sum += std::exp(x[i] - top);
      // As the labels are smoothed, any, none, or at or beside the probability, which cancels.
      const std::uint64_t which = random_.below(4);
      const double c = classes_ < 600 ? 1 : 100.0 / static_cast<double>(classes_);
      for (std::size_t i = 0; i < classes_; ++i) {
        const double p = f32(std::exp(x[i] - top) / sum);
        const bool cancels = which == 3 && random_.uniform() < c;
        double t = which == 0 ? (i == 0 ? 0.9 : 0) + 0.1 / static_cast<double>(classes_) : random_.uniform();
        if (which == 1) t = 0;
        if (cancels) t = p * (random_.one_in(2) ? 1 : 1 + random_.normal() * std::exp2(-random_.uniform(2, 24)));
        batch.target.push_back(f32(t));
      }
      batch.upstream.push_back(f32((random_.one_in(2) ? 1 : -1) * std::exp2(random_.uniform(-140, 60))));
    }
    check("categorical_crossentropy exact f32 gradient from_logits", batch, 1, kind.name);
    batch.upstream.clear();
    check("categorical_crossentropy exact f32 gradient from_logits label_smoothing=0.1", batch, 1, kind.name);
    check("categorical_crossentropy exact f32 forward from_logits label_smoothing=0.1", batch, 1, kind.name);
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, FastLogitRows, testing::ValuesIn(lengths), length_name);

std::vector<float> floats(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random.normal() * 5);
  return x;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float p, float q) {
    return std::bit_cast<std::uint32_t>(p) == std::bit_cast<std::uint32_t>(q);
  });
}

/// What all functions make of some rows, one after another.
std::vector<float> results_of(const std::vector<float>& x, const std::vector<std::int64_t>& labels,
                              const fast::Rows& rows) {
  const fast::LossOptions logits = {.from_logits = true};
  const std::size_t n = x.size();
  std::vector<float> soft(n);
  std::transform(x.begin(), x.end(), soft.begin(), [](float v) { return 1 / (1 + std::abs(v)); });
  std::vector<float> one_hot(n);
  for (std::size_t r = 0; r < rows.outer; ++r) one_hot[r * rows.classes + static_cast<std::size_t>(labels[r])] = 0.75F;
  std::vector<float> all(6 * n + 7 * rows.outer);
  float* out = all.data();
  fast::softmax(x.data(), out, rows);
  fast::log_softmax(x.data(), out + n, rows);
  fast::logsumexp_gradient(x.data(), nullptr, out + 2 * n, rows);
  fast::categorical_crossentropy_gradient(soft.data(), x.data(), nullptr, out + 4 * n, rows, logits, out + 6 * n);
  out += 6 * n + rows.outer;
  fast::logsumexp(x.data(), out, rows);
  fast::sparse_categorical_crossentropy(labels.data(), x.data(), out + rows.outer, rows, logits);
  fast::sparse_categorical_crossentropy_gradient(labels.data(), x.data(), nullptr, all.data() + 3 * n, rows, logits,
                                                 out + 2 * rows.outer);
  fast::categorical_crossentropy(soft.data(), x.data(), out + 3 * rows.outer, rows, logits);
  fast::categorical_crossentropy(one_hot.data(), x.data(), out + 4 * rows.outer, rows, logits);
  fast::categorical_crossentropy_gradient(one_hot.data(), x.data(), nullptr, all.data() + 5 * n, rows, logits,
                                          out + 5 * rows.outer);
  return all;
}

TEST(FastLogitRowBits, AreTheSameWhereverTargetsFuse) {
  for (const std::size_t n : {1U, 5U, 16U, 40U, 64U, 65U, 1000U, 5000U}) {
    const fast::Rows rows = {5, n, 1};
    const std::vector<float> x = floats(5 * n, n);
    const std::vector<std::int64_t> labels = {0, static_cast<std::int64_t>(n) - 1, 0, static_cast<std::int64_t>(n / 2),
                                              0};
    std::vector<float> first;
    for (const std::string& target : fast::targets()) {
      if (target.rfind("AVX", 0) != 0) continue;
      const TargetScope scope(target);
      const std::vector<float> results = results_of(x, labels, rows);
      if (first.empty()) first = results;
      EXPECT_TRUE(same_bits(results, first)) << target << ", " << n << " classes";
    }
  }
}

TEST(FastLogitRowBits, AreTheSameInPlaceAndPastTheCaches) {
  // Above 4 MiB results are streamed, unless they replace their argument. Rows share vectors of them, with labels at
  // either end, and with rows of an infinity, which are left to the general way.
  for (const std::size_t n : {10U, 67U, 1001U, 40000U}) {
    const fast::Rows rows = {1200000 / n, n, 1};
    std::vector<float> x = floats(rows.outer * n, n);
    for (std::size_t r = 3; r < rows.outer; r += 7) x[r * n + n / 2] = std::numeric_limits<float>::infinity();
    std::vector<std::int64_t> labels;
    for (std::size_t r = 0; r < rows.outer; ++r) {
      labels.push_back(static_cast<std::int64_t>(r % 3 == 0 ? r % 16 % n : r % 3 == 1 ? n - 1 - r % 16 % n : n / 3));
    }
    const fast::LossOptions logits = {.from_logits = true};
    std::vector<float> elsewhere(x.size() + 1);
    std::vector<float> in_place = x;
    const auto same = [&] { return same_bits(in_place, {elsewhere.begin() + 1, elsewhere.end()}); };
    fast::softmax(x.data(), elsewhere.data() + 1, rows);
    fast::softmax(x.data(), in_place.data(), rows);
    EXPECT_TRUE(same()) << n;
    in_place = x;
    fast::softmax(in_place.data(), in_place.data(), rows);
    EXPECT_TRUE(same()) << n;
    fast::log_softmax(x.data(), elsewhere.data() + 1, rows);
    in_place = x;
    fast::log_softmax(in_place.data(), in_place.data(), rows);
    EXPECT_TRUE(same()) << n;
    std::vector<float> loss(rows.outer);
    std::vector<float> other_loss(rows.outer);
    fast::sparse_categorical_crossentropy_gradient(labels.data(), x.data(), nullptr, elsewhere.data() + 1, rows, logits,
                                                   loss.data());
    in_place = x;
    fast::sparse_categorical_crossentropy_gradient(labels.data(), in_place.data(), nullptr, in_place.data(), rows,
                                                   logits, other_loss.data());
    EXPECT_TRUE(same()) << n;
    EXPECT_TRUE(same_bits(loss, other_loss)) << n;
    std::vector<float> soft(x.size());
    std::transform(x.begin(), x.end(), soft.begin(), [](float v) { return 1 / (1 + std::abs(v)); });
    std::vector<float> one_hot(x.size());
    for (std::size_t r = 0; r < rows.outer; ++r) one_hot[r * n + static_cast<std::size_t>(labels[r])] = 0.75F;
    std::vector<float> some = one_hot;
    for (std::size_t r = 0; r < rows.outer; r += 1 + r % 5) std::copy_n(&soft[r * n], n, &some[r * n]);
    for (const std::vector<float>& targets : {soft, one_hot, some}) {
      fast::categorical_crossentropy_gradient(targets.data(), x.data(), nullptr, elsewhere.data() + 1, rows, logits,
                                              loss.data());
      in_place = x;
      fast::categorical_crossentropy_gradient(targets.data(), in_place.data(), nullptr, in_place.data(), rows, logits,
                                              other_loss.data());
      EXPECT_TRUE(same() && same_bits(loss, other_loss)) << n;
      in_place = targets;
      fast::categorical_crossentropy_gradient(in_place.data(), x.data(), nullptr, in_place.data(), rows, logits,
                                              other_loss.data());
      EXPECT_TRUE(same() && same_bits(loss, other_loss)) << n;
    }
  }
}

TEST(FastLogitRowBits, ANaNStaysInItsRow) {
  for (const std::size_t n : {3U, 64U, 65U, 1000U}) {
    const fast::Rows rows = {20, n, 1};
    for (const std::size_t where : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<float> x = floats(20 * n, where);
      const std::vector<std::int64_t> labels(20, 1);
      const std::vector<float> clean = results_of(x, labels, rows);
      x[7 * n + where] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> results = results_of(x, labels, rows);
      for (std::size_t i = 0; i < results.size(); ++i) {
        const std::size_t row = i < 6 * n * 20 ? i / n % 20 : (i - 6 * n * 20) % 20;
        EXPECT_TRUE(row == 7 ? std::isnan(results[i]) : results[i] == clean[i]) << i << " of " << n;
      }
    }
  }
}

TEST(FastLogitRowBits, ANaNTargetStaysInItsRow) {
  const fast::LossOptions logits = {.from_logits = true};
  for (const std::size_t n : {3U, 40U, 64U, 65U, 1000U}) {
    const fast::Rows rows = {20, n, 1};
    const std::vector<float> x = floats(20 * n, n);
    std::vector<float> target(20 * n);
    // What stands behind a row is a target of the next one: it is not taken for this one's.
    for (std::size_t r = 0; r < 20; ++r) target[r * n + (64 - n % 64) % n] = 1;
    std::vector<float> clean(20 * n + 20);
    fast::categorical_crossentropy_gradient(target.data(), x.data(), nullptr, clean.data() + 20, rows, logits,
                                            clean.data());
    for (const std::size_t where : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<float> marked = target;
      std::fill_n(&marked[7 * n], n, 0.0F);
      marked[7 * n + where] = std::numeric_limits<float>::quiet_NaN();
      std::vector<float> results(20 * n + 20);
      fast::categorical_crossentropy_gradient(marked.data(), x.data(), nullptr, results.data() + 20, rows, logits,
                                              results.data());
      for (std::size_t i = 0; i < results.size(); ++i) {
        const std::size_t row = i < 20 ? i : (i - 20) / n;
        EXPECT_TRUE(row == 7 ? std::isnan(results[i]) : results[i] == clean[i]) << i << " of " << n;
      }
    }
  }
}

TEST(FastLogitRowSums, OfAMillionClasses) {
  // Softmax's results add up to 1, and every loss is that of the whole row, in a row too long for the reference.
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    const std::size_t n = 1000003;
    const std::vector<float> x = floats(n, 1);
    std::vector<float> result(n);
    fast::softmax(x.data(), result.data(), {1, n, 1});
    long double sum = 0;
    for (const float v : x) sum += std::exp(static_cast<long double>(v));
    for (std::size_t i = 0; i < n; i += 1009) {
      const long double exact = std::exp(static_cast<long double>(x[i])) / sum;
      EXPECT_LE(std::abs(result[i] - exact), exact * 0x1p-23L) << target;
    }
    const std::int64_t label = 77;
    float loss = 0;
    fast::sparse_categorical_crossentropy(&label, x.data(), &loss, {1, n, 1}, {.from_logits = true});
    const long double exact = std::log(sum) - x[77];
    EXPECT_LE(std::abs(loss - exact), exact * 0x1p-24L * 1.5L) << target;
  }
}

}  // namespace
}  // namespace lossaudit
