// A result depends on its own inputs alone: not on alignment, neighbours, length or layout, bit for bit; and nothing
// outside the tensors is touched.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/losses.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

using Elementwise = void (*)(const float*, float*, std::size_t);
using ByRow = void (*)(const float*, float*, const fast::Rows&);

constexpr Elementwise elementwise[] = {fast::relu, fast::sigmoid, fast::log_sigmoid, fast::softplus, fast::logit};
using ElementwiseGradient = void (*)(const float*, const float*, float*, std::size_t);
constexpr ElementwiseGradient elementwise_gradients[] = {
    fast::relu_gradient,
    fast::sigmoid_gradient,
    fast::log_sigmoid_gradient,
    fast::softplus_gradient,
    fast::logit_gradient,
    [](const float* x, const float* upstream, float* result, std::size_t n) {
      fast::mean_squared_error(x, upstream == nullptr ? x : upstream, result, {n, 1, 1});
    },
    [](const float* x, const float* upstream, float* result, std::size_t n) {
      fast::mean_squared_error_gradient(x, upstream == nullptr ? x : upstream, upstream, result, {n, 1, 1});
    }};
constexpr ByRow row_to_row[] = {fast::softmax, fast::log_softmax};

std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) {
    v = random.one_in(4) ? static_cast<float>(random.uniform()) : static_cast<float>(random.normal() * 20);
  }
  return x;
}

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

bool same_bits(const float* a, const float* b, std::size_t n) {
  return n == 0 || std::memcmp(a, b, n * sizeof(float)) == 0;
}

/// Floats that end exactly where readable memory ends.
class FloatsAtTheEdge {
 public:
  explicit FloatsAtTheEdge(const std::vector<float>& values) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t used = (values.size() * sizeof(float) + page - 1) / page * page;
    size_ = used + page;
    start_ = static_cast<char*>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (start_ == MAP_FAILED || mprotect(start_ + used, page, PROT_NONE) != 0) throw std::bad_alloc();
    floats_ = reinterpret_cast<float*>(start_ + used) - values.size();
    std::copy(values.begin(), values.end(), floats_);
  }
  ~FloatsAtTheEdge() { munmap(start_, size_); }
  FloatsAtTheEdge(const FloatsAtTheEdge&) = delete;
  FloatsAtTheEdge& operator=(const FloatsAtTheEdge&) = delete;
  float* data() { return floats_; }

 private:
  char* start_;
  std::size_t size_;
  float* floats_;
};

class FastIndependence : public testing::TestWithParam<std::string> {
 protected:
  TargetScope scope_{GetParam()};
};

TEST_P(FastIndependence, AVeryLongVectorIsItsParts) {
  constexpr std::size_t n = (std::size_t{1} << 20) + 77;  // from 2^20 on a result bypasses the caches
  constexpr std::size_t part = 1000;
  std::vector<float> x = random_floats(n, 11);
  for (const Elementwise function : elementwise) {
    std::vector<float> parts(n);
    for (std::size_t i = 0; i < n; i += part) function(&x[i], &parts[i], std::min(part, n - i));
    std::vector<float> whole(n + 3, 7);  // not where a cache line begins
    function(x.data(), &whole[2], n);
    EXPECT_TRUE(same_bits(&whole[2], parts.data(), n));
    EXPECT_TRUE(whole[1] == 7 && whole[n + 2] == 7);
    std::vector<float> in_place = x;
    function(in_place.data(), in_place.data(), n);
    EXPECT_TRUE(same_bits(in_place.data(), parts.data(), n));
    in_place.assign(x.begin(), x.begin() + 3000);
    function(in_place.data(), in_place.data(), in_place.size());
    EXPECT_TRUE(same_bits(in_place.data(), parts.data(), in_place.size()));
  }
}

TEST_P(FastIndependence, AVeryLongGradientIsItsParts) {
  constexpr std::size_t n = (std::size_t{1} << 20) + 77;
  constexpr std::size_t part = 1000;
  const std::vector<float> x = random_floats(n, 12);
  const std::vector<float> upstream = random_floats(n, 13);
  for (const float* u : {static_cast<const float*>(nullptr), upstream.data()}) {
    for (const ElementwiseGradient function : elementwise_gradients) {
      std::vector<float> parts(n);
      for (std::size_t i = 0; i < n; i += part) {
        function(&x[i], u == nullptr ? u : u + i, &parts[i], std::min(part, n - i));
      }
      std::vector<float> whole(n + 3, 7);
      function(x.data(), u, &whole[2], n);
      EXPECT_TRUE(same_bits(&whole[2], parts.data(), n));
      EXPECT_TRUE(whole[1] == 7 && whole[n + 2] == 7);
      std::vector<float> in_place = x;
      function(in_place.data(), u, in_place.data(), n);
      EXPECT_TRUE(same_bits(in_place.data(), parts.data(), n));
    }
  }
}

TEST_P(FastIndependence, SquaresOfRowsOfOneClassAreTheSquaresOfAnyRow) {
  constexpr std::size_t n = 167;
  std::vector<float> t = random_floats(n, 14);
  std::vector<float> o = random_floats(n, 15);
  std::vector<float> upstream = random_floats(n, 16);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float special[] = {0, -0.0F, infinity, -infinity, 1, std::numeric_limits<float>::quiet_NaN(), 1e38F};
  for (std::size_t i = 0; i < std::size_t{7} * 7; ++i) {
    t[i] = special[i % 7];
    o[i] = special[i / 7];
    upstream[i] = i % 2 == 0 ? -2 : special[i % 6];
  }
  const std::vector<float> ones(n, 1);  // weights, with which every row takes the way of rows
  for (const float* u : {static_cast<const float*>(nullptr), static_cast<const float*>(upstream.data())}) {
    const auto losses_and_gradient = [&](const fast::LossOptions& options) {
      std::vector<float> both(2 * n);
      fast::mean_squared_error_gradient(t.data(), o.data(), u, both.data(), {n, 1, 1}, options, &both[n]);
      return both;
    };
    const std::vector<float> of_rows = losses_and_gradient({.sample_weights = ones.data()});
    const std::vector<float> of_elements = losses_and_gradient({});
    for (std::size_t i = 0; i < 2 * n; ++i) {
      const bool is_one = std::isnan(of_rows[i]) && std::isnan(of_elements[i]);
      EXPECT_TRUE(is_one || bits(of_rows[i]) == bits(of_elements[i])) << i;
    }
  }
}

TEST_P(FastIndependence, AnElementAloneIsTheElementInALongVector) {
  const std::vector<float> x = random_floats(67, 1);
  for (const Elementwise function : elementwise) {
    std::vector<float> whole(x.size());
    function(x.data(), whole.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      float alone = 0;
      function(&x[i], &alone, 1);
      EXPECT_EQ(bits(alone), bits(whole[i])) << i;
    }
    for (std::size_t from = 0; from < 17; ++from) {
      for (std::size_t n = 0; from + n <= x.size(); n += 5) {
        std::vector<float> part(n + 1, 7.0F);
        function(x.data() + from, part.data(), n);
        EXPECT_TRUE(same_bits(part.data(), whole.data() + from, n)) << from << " " << n;
        EXPECT_EQ(part[n], 7.0F) << "wrote past the end";
      }
    }
  }
}

TEST_P(FastIndependence, ABinaryLossAloneIsTheLossInALongVector) {
  const std::vector<float> x = random_floats(67, 2);
  std::vector<float> t = random_floats(67, 3);
  std::vector<float> p = x;
  for (float& v : p) v = 1 / (1 + std::abs(v));
  for (std::size_t i = 0; i < t.size(); i += 2) t[i] = 1 / (1 + std::abs(t[i]));  // half of them probabilities
  for (const bool logits : {false, true}) {
    const fast::LossOptions options = {.from_logits = logits, .label_smoothing = 0.125F, .pos_weight = 2};
    const std::vector<float>& output = logits ? x : p;
    std::vector<float> whole(x.size());
    fast::binary_crossentropy(t.data(), output.data(), whole.data(), x.size(), options);
    for (std::size_t i = 0; i < x.size(); ++i) {
      float alone = 0;
      fast::binary_crossentropy(&t[i], &output[i], &alone, 1, options);
      EXPECT_EQ(bits(alone), bits(whole[i])) << i;
    }
  }
}

TEST_P(FastIndependence, ARowAloneIsTheRowInATensorAlongAnyAxis) {
  for (const std::size_t classes : {1U, 2U, 5U, 16U, 33U, 700U}) {
    const fast::Rows rows = {3, classes, 37};
    const std::vector<float> x = random_floats(rows.outer * classes * rows.inner, classes);
    for (const ByRow function : row_to_row) {
      std::vector<float> whole(x.size());
      function(x.data(), whole.data(), rows);
      for (std::size_t r = 0; r < rows.outer * rows.inner; ++r) {
        const std::size_t first = (r / rows.inner) * classes * rows.inner + r % rows.inner;
        std::vector<float> row(classes);
        for (std::size_t i = 0; i < classes; ++i) row[i] = x[first + i * rows.inner];
        function(row.data(), row.data(), {1, classes, 1});  // in place
        for (std::size_t i = 0; i < classes; ++i) EXPECT_EQ(bits(row[i]), bits(whole[first + i * rows.inner]));
      }
    }
  }
}

TEST_P(FastIndependence, ALossAlongAnyAxisIsTheLossOfItsRow) {
  const fast::Rows rows = {2, 21, 19};
  const std::size_t count = rows.outer * rows.inner;
  const std::vector<float> x = random_floats(count * rows.classes, 4);
  const std::vector<float> t = random_floats(count * rows.classes, 5);
  std::vector<std::int64_t> labels(count);
  for (std::size_t r = 0; r < count; ++r) labels[r] = static_cast<std::int64_t>((r * 5) % rows.classes);
  const fast::LossOptions logits = {.from_logits = true};
  std::vector<float> dense(count);
  std::vector<float> sparse(count);
  std::vector<float> squares(count);
  fast::categorical_crossentropy(t.data(), x.data(), dense.data(), rows, logits);
  fast::sparse_categorical_crossentropy(labels.data(), x.data(), sparse.data(), rows, logits);
  fast::mean_squared_error(t.data(), x.data(), squares.data(), rows);
  for (std::size_t r = 0; r < count; ++r) {
    std::vector<float> output;
    std::vector<float> target;
    for (std::size_t i = 0; i < rows.classes; ++i) {
      const std::size_t at = ((r / rows.inner) * rows.classes + i) * rows.inner + r % rows.inner;
      output.push_back(x[at]);
      target.push_back(t[at]);
    }
    const fast::Rows one = {1, rows.classes, 1};
    float alone = 0;
    fast::categorical_crossentropy(target.data(), output.data(), &alone, one, logits);
    EXPECT_EQ(bits(alone), bits(dense[r]));
    fast::sparse_categorical_crossentropy(&labels[r], output.data(), &alone, one, logits);
    EXPECT_EQ(bits(alone), bits(sparse[r]));
    fast::mean_squared_error(target.data(), output.data(), &alone, one);
    EXPECT_EQ(bits(alone), bits(squares[r]));
  }
}

TEST_P(FastIndependence, NothingBeyondTheTensorsIsReadOrWritten) {
  for (std::size_t n = 1; n <= 40; ++n) {
    std::vector<float> values = random_floats(n, n);
    for (float& v : values) v = 1 / (1 + std::abs(v));
    FloatsAtTheEdge x(values);
    FloatsAtTheEdge t(values);
    FloatsAtTheEdge weights(values);
    FloatsAtTheEdge result(values);
    FloatsAtTheEdge one(std::vector<float>(1));
    const fast::Rows row = {1, n, 1};
    const std::int64_t label = 0;
    for (const Elementwise function : elementwise) function(x.data(), result.data(), n);
    for (const ByRow function : row_to_row) function(x.data(), result.data(), row);
    fast::logsumexp(x.data(), one.data(), row);
    for (const bool logits : {false, true}) {
      fast::LossOptions options = {.from_logits = logits, .label_smoothing = 0.1F, .sample_weights = weights.data()};
      fast::binary_crossentropy(t.data(), x.data(), result.data(), n, options);
      fast::binary_crossentropy_gradient(t.data(), x.data(), weights.data(), result.data(), n, options);
      options.reduction = fast::Reduction::mean;
      fast::binary_crossentropy(t.data(), x.data(), one.data(), n, options);
      options.sample_weights = nullptr;
      options.class_weights = weights.data();
      fast::categorical_crossentropy(t.data(), x.data(), one.data(), row, options);
      fast::sparse_categorical_crossentropy(&label, x.data(), one.data(), row, options);
      fast::categorical_crossentropy_gradient(t.data(), x.data(), one.data(), result.data(), row, options);
      fast::sparse_categorical_crossentropy_gradient(&label, x.data(), one.data(), result.data(), row, options);
    }
    fast::mean_squared_error(t.data(), x.data(), one.data(), row);
    fast::cross_entropy_error(t.data(), x.data(), one.data(), row);
    EXPECT_TRUE(std::isfinite(*one.data()));
  }
}

std::string target_name(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Targets, FastIndependence, testing::ValuesIn(fast::targets()), target_name);

}  // namespace
}  // namespace lossaudit
