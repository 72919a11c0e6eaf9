// Inputs built to cancel, to overflow in between, or to fall among the subnormals.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "audit/inputs/random.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

constexpr double largest_f32 = 0x1.fffffep127;
constexpr double smallest_f32 = 0x1p-149;

double f32(double x) { return round_to(Format::f32, x); }

/// A binary loss that is nearly 0 for a target outside [0, 1]: t = softplus(x) / x rounded to float.
double cancelling_target(double x) { return f32((std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)))) / x); }

TEST(FastHardCases, LogsumexpOfARowWhoseExponentialsSumToNearlyOne) {
  const Contract contract = parse_contract("logsumexp exact f32 forward");
  Random random(7);
  std::vector<double> pairs;
  std::vector<double> triples;
  for (int i = 0; i < 300; ++i) {
    const double a = f32(-std::exp(random.uniform(-60, 2)));
    const double rest = f32(std::log(-std::expm1(a)));
    pairs.insert(pairs.end(), {a, rest});
    const double b = f32(rest + std::log(random.uniform(0.1, 0.9)));
    triples.insert(triples.end(), {a, b, f32(std::log(-std::expm1(a) - std::exp(b)))});
  }
  expect_within_budget(contract, rows_batch(2, pairs));
  expect_within_budget(contract, rows_batch(3, triples));
  for (const std::size_t n : {2U, 3U, 7U, 8U, 100U, 1000U}) {
    expect_within_budget(contract, row_batch(std::vector<double>(n, f32(-std::log(static_cast<double>(n))))));
  }
}

TEST(FastHardCases, ConfidentRows) {
  for (const double gap : {1.0, 17.0, 20.0, 60.0, 87.0, 88.0, 100.0, 103.0, 103.97, 104.0, 110.0, 745.0, 3e38}) {
    for (const double offset : {0.0, -5.5, 1e6, 1e30, -1e30}) {
      const Batch row = row_batch({f32(gap + offset), f32(offset), f32(offset - 1)});
      for (const char* function : {"softmax", "log_softmax", "logsumexp"}) {
        expect_within_budget(parse_contract(std::string(function) + " exact f32 forward"), row);
      }
      Batch sparse = row;
      sparse.labels = {0};
      expect_within_budget(parse_contract("sparse_categorical_crossentropy exact f32 forward from_logits"), sparse);
      sparse.labels = {1};
      expect_within_budget(parse_contract("sparse_categorical_crossentropy exact f32 forward from_logits"), sparse);
    }
  }
}

TEST(FastHardCases, TheWholeRangeInOneRow) {
  const std::vector<double> x = {largest_f32, -largest_f32, 0,    smallest_f32, -smallest_f32,  0x1p-126,
                                 1,           -1e30,        1e30, largest_f32,  0x1.fffffcp127, 88.7,
                                 -103.97,     2.5,          1e-30};
  for (const char* function : {"softmax", "log_softmax", "logsumexp"}) {
    expect_within_budget(parse_contract(std::string(function) + " exact f32 forward"), row_batch(x));
  }
  std::vector<double> backwards(x.rbegin(), x.rend());
  expect_within_budget(parse_contract("mean_squared_error exact f32 forward"), row_batch(x, backwards));
  for (const double scale : {1e-38, 1e-30, 1e-22, 1e-20, 1.0, 1e18, 1e19}) {
    expect_within_budget(parse_contract("mean_squared_error exact f32 forward"),
                         row_batch({f32(scale), f32(2 * scale)}, {0, f32(2.0000005 * scale)}));
  }
}

TEST(FastHardCases, BinaryTargetsOutsideTheUnitInterval) {
  Random random(8);
  std::vector<double> x;
  std::vector<double> target_of_x;
  std::vector<double> p;
  std::vector<double> target_of_p;
  for (int i = 0; i < 300; ++i) {
    const double sign = i % 2 == 0 ? 1 : -1;
    x.push_back(f32(sign * std::exp(random.uniform(-60, 5))));
    target_of_x.push_back(cancelling_target(x.back()));
    // The loss is 0 where t ln p = (t - 1) ln(1 - p).
    p.push_back(f32(random.uniform(0.01, 0.99)));
    target_of_p.push_back(f32(std::log1p(-p.back()) / (std::log1p(-p.back()) - std::log(p.back()))));
  }
  for (const char* options : {"", " label_smoothing=0.25", " pos_weight=3"}) {
    expect_within_budget(parse_contract(std::string("binary_crossentropy exact f32 forward from_logits") + options),
                         elements_batch(x, target_of_x));
    expect_within_budget(parse_contract(std::string("binary_crossentropy exact f32 forward") + options),
                         elements_batch(p, target_of_p));
  }
  for (const double huge : {1e10, 1e30, -1e30, largest_f32}) {
    const std::vector<double> outputs = {0.5, 0x1.000002p-1, 0x1.fffffep-2, 0.25, 0x1p-149, 0x1.fffffep-1};
    const std::vector<double> targets(outputs.size(), huge);
    expect_within_budget(parse_contract("binary_crossentropy exact f32 forward"), elements_batch(outputs, targets));
    expect_within_budget(parse_contract("binary_crossentropy exact f32 forward from_logits"),
                         elements_batch(outputs, targets));
  }
}

TEST(FastHardCases, TargetsThatSumToNothing) {
  for (const double offset : {0.0, 1e-30, 50.0, 1e30}) {
    const std::vector<double> x = {f32(offset), f32(offset + 1e-7), f32(offset - 2), f32(offset * 1.5)};
    for (const std::vector<double>& t : std::vector<std::vector<double>>{
             {1, -1, 0, 0}, {1, 1, -2, 0}, {1e30, -1e30, 1, -1}, {1, -1, smallest_f32, 0}, {0.25, 0.5, -1, 0.25}}) {
      for (const char* options : {"", " label_smoothing=0.5"}) {
        expect_within_budget(
            parse_contract(std::string("categorical_crossentropy exact f32 forward from_logits") + options),
            row_batch(x, t));
        expect_within_budget(parse_contract(std::string("categorical_crossentropy exact f32 forward") + options),
                             row_batch({0.25, 0x1.000002p-2, 0.75, 1e-20}, t));
        expect_within_budget(parse_contract(std::string("categorical_crossentropy keras1 f32 forward") + options),
                             row_batch({0.25, 0x1.000002p-2, 0.75, 1e-20}, t));
      }
      expect_within_budget(parse_contract("cross_entropy_error exact f32 forward"),
                           row_batch({0.25, 0x1.000002p-2, 0.75, 1}, t));
    }
  }
}

TEST(FastHardCases, ConfidentProbabilities) {
  for (const double tiny : {smallest_f32, 1e-38, 1e-20, 1e-9, 0x1p-24}) {
    for (const double top : {1.0, 0x1.fffffep-1, 0.5, 1e-3}) {
      const Batch row = row_batch({f32(tiny), top, 0, f32(tiny)}, {0, 1, 0, 0});
      for (const char* contract :
           {"categorical_crossentropy exact f32 forward", "cross_entropy_error exact f32 forward",
            "categorical_crossentropy keras1 f32 forward", "categorical_crossentropy keras1 f32 forward epsilon=1e-9",
            "categorical_crossentropy keras1 f32 forward epsilon=0"}) {
        expect_within_budget(parse_contract(contract), row);
      }
    }
  }
}

TEST(FastHardCases, NumbersThatAreNoProbabilitiesInADialectThatClips) {
  for (const std::vector<double>& o : std::vector<std::vector<double>>{{0.5, -0.25, 0.25},
                                                                       {-1, -2, -3},
                                                                       {1e30, 1, -1e30},
                                                                       {largest_f32, smallest_f32, -largest_f32},
                                                                       {1, -0x1.fffffep-1, 1e-9},
                                                                       {3, 2, -4.9999995}}) {
    for (const char* epsilon : {"", " epsilon=0", " epsilon=1e-9"}) {
      expect_within_budget(parse_contract(std::string("categorical_crossentropy keras1 f32 forward") + epsilon),
                           row_batch(o, {0.5, 0.25, 0.25}));
    }
  }
}

TEST(FastHardCases, WeightsThatCancel) {
  Batch batch = rows_batch(2, {1, 2, 2, 1, -3, 4, 1, 2.0000002}, {0, 1, 1, 0, 1, 0, 0.5, 0.5});
  for (const std::vector<double>& weights : std::vector<std::vector<double>>{
           {1, -1, 0, 0}, {1, -0x1.fffffep-1, 0, 0}, {0x1p100, -0x1p100, 1, 1}, {1, 1, 1, -3}}) {
    batch.sample_weights = weights;
    for (const char* reduction : {"sum", "mean"}) {
      const std::string options = std::string("from_logits sample_weights reduction=") + reduction;
      expect_within_budget(parse_contract("categorical_crossentropy exact f32 forward " + options), batch);
      const std::string plain_options = std::string("sample_weights reduction=") + reduction;
      expect_within_budget(parse_contract("mean_squared_error exact f32 forward " + plain_options), batch);
    }
  }
}

TEST(FastHardCases, LongRowsAndLongReductions) {
  Random random(9);
  for (const std::size_t n : {4095U, 70001U}) {
    std::vector<double> x(n);
    std::vector<double> t(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = f32(random.normal() * 5);
      t[i] = f32(random.uniform());
    }
    expect_within_budget(parse_contract("logsumexp exact f32 forward"), row_batch(x));
    expect_within_budget(parse_contract("mean_squared_error exact f32 forward"), row_batch(x, t));
    expect_within_budget(parse_contract("binary_crossentropy exact f32 forward from_logits reduction=mean"),
                         elements_batch(x, t));
  }
}

}  // namespace
}  // namespace lossaudit
