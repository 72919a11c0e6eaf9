// The generators' own tests: everything can be drawn, and what fails shrinks to something short.
#include "property_tests/generators.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "audit/case.hpp"
#include "property_tests/property.hpp"
#include "property_tests/shrinking.hpp"

namespace lossaudit::conform {
namespace {

class Generators : public ::testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(, Generators, ::testing::Values(Format::f64, Format::f32, Format::f16, Format::bf16),
                         format_suffix);

/// What a value is, for counting.
std::string kind_of(Format format, double x) {
  const std::string sign = std::signbit(x) ? "-" : "+";
  if (std::isnan(x)) {
    const std::uint64_t quiet_bit = 1ULL << (traits(format).precision - 2);
    return sign + ((encode(format, x) & quiet_bit) != 0 ? "quiet NaN" : "signalling NaN");
  }
  if (std::isinf(x)) return sign + "inf";
  if (x == 0) return sign + "0";
  return sign + (std::abs(x) < std::ldexp(1.0, traits(format).min_exponent) ? "subnormal" : "normal");
}

/// Draws from `source` until 20,000 values are counted.
std::map<std::string, int> kinds(Format format, const std::function<double(Source&)>& draw) {
  std::map<std::string, int> counts;
  Source source(rc::Random(7), 100);
  for (int i = 0; i < 20000; ++i) ++counts[kind_of(format, draw(source))];
  return counts;
}

TEST_P(Generators, WildRealsReachEveryKindOfValue) {
  const auto counts = kinds(GetParam(), [](Source& s) { return draw_real(s, GetParam(), Adventure::wild); });
  for (const std::string sign : {"+", "-"}) {
    for (const std::string kind : {"quiet NaN", "signalling NaN", "inf", "0", "subnormal", "normal"}) {
      EXPECT_GE(counts.contains(sign + kind) ? counts.at(sign + kind) : 0, 20) << sign << kind;
    }
  }
}

TEST_P(Generators, FiniteRealsAreFiniteAndReachEveryBinade) {
  std::set<int> binades;
  const auto counts = kinds(GetParam(), [&](Source& s) {
    const double x = draw_real(s, GetParam(), Adventure::finite);
    if (x != 0) binades.insert(std::ilogb(x));
    return x;
  });
  for (const auto& [kind, count] : counts) EXPECT_EQ(kind.find_first_of("Ni"), std::string::npos) << kind << count;
  const FormatTraits& t = traits(GetParam());
  for (int e = t.min_exponent; e <= t.max_exponent; ++e) {
    // In f64 each of 2,046 binades is met about twice: ask for the outer ones by hundreds.
    const bool is_met = GetParam() != Format::f64
                            ? binades.contains(e)
                            : std::any_of(binades.begin(), binades.end(), [&](int b) { return std::abs(b - e) < 10; });
    EXPECT_TRUE(is_met) << "2^" << e;
  }
}

TEST_P(Generators, ProbabilitiesAreInTheirDomainUnlessWild) {
  const double one_less = step(GetParam(), 1, -1);
  std::map<double, int> met;
  Source source(rc::Random(7), 100);
  for (int i = 0; i < 20000; ++i) {
    const double p = draw_probability(source, GetParam(), Adventure::finite);
    ASSERT_TRUE(p >= 0 && p <= 1) << p;
    ++met[p];
  }
  for (const double p : {0.0, 1.0, 0.5, smallest(GetParam()), one_less, round_to(GetParam(), 1e-7)}) {
    EXPECT_GE(met[p], 5) << p;
  }
  bool is_outside = false;
  for (int i = 0; i < 1000; ++i) {
    const double p = draw_probability(source, GetParam(), Adventure::wild);
    is_outside = is_outside || p < 0 || p > 1;
  }
  EXPECT_TRUE(is_outside);
}

TEST_P(Generators, EveryValueIsAValueOfTheFormat) {
  Source source(rc::Random(7), 100);
  for (int i = 0; i < 20000; ++i) {
    for (const double x :
         {draw_real(source, GetParam(), Adventure::wild), draw_real(source, GetParam(), Adventure::tame),
          draw_probability(source, GetParam(), Adventure::wild)}) {
      ASSERT_EQ(to_hex(GetParam(), decode(GetParam(), encode(GetParam(), x))), to_hex(GetParam(), x));
    }
  }
}

/// All batches of all contracts are valid, and so is everything that they shrink to.
TEST_P(Generators, BatchesFitTheirContract) {
  for (const FunctionTraits& function : functions()) {
    for (const std::string options : {"", "from_logits", "axis", "reduction=mean sample_weights", "class_weights axis",
                                      "ignore_index=1 class_weights sample_weights"}) {
      const Contract contract{function.function, Dialect::exact, GetParam(), Pass::forward, parse_options(options)};
      if (!is_meaningful(contract)) continue;
      for (int size = 0; size <= 100; size += 20) {
        Source source(rc::Random(static_cast<std::uint64_t>(size)), size);
        const Batch batch = draw_batch(source, contract, Adventure::wild);
        EXPECT_NO_THROW(validate(contract, batch));
        for (const Batch& simpler : simpler_batches(contract, batch)) {
          EXPECT_NO_THROW(validate(contract, simpler)) << to_case_text(contract, simpler);
        }
      }
    }
  }
}

/// The shrunk case of a property that fails for some batches, as text; RapidCheck's own loop does the shrinking.
std::string shrunk(const Contract& contract, const std::function<bool(const Batch&)>& fails) {
  const rc::Gen<Case> generator =
      cases(contract, [&](Source& source) { return draw_batch(source, contract, Adventure::wild); });
  rc::detail::TestParams parameters;
  parameters.seed = 3;
  parameters.maxSuccess = 2000;
  struct Silent : rc::detail::TestListener {
    void onTestCaseFinished(const rc::detail::CaseDescription& /*description*/) override {}
    void onShrinkTried(const rc::detail::CaseDescription& /*shrink*/, bool /*accepted*/) override {}
    void onTestFinished(const rc::detail::TestMetadata& /*test*/, const rc::detail::TestResult& /*result*/) override {}
  } silent;
  const auto result = rc::detail::checkProperty(rc::detail::toProperty([&] { return !fails((*generator).batch); }),
                                                {"shrunk", "shrunk"}, parameters, silent, {});
  if (!result.is<rc::detail::FailureResult>()) return "never failed";
  return result.get<rc::detail::FailureResult>().counterExample.at(0).second;
}

TEST_P(Generators, FailuresShrinkToShortHex) {
  const Contract softmax{Function::softmax, Dialect::exact, GetParam(), Pass::forward, {}};
  const auto any = [](const std::vector<double>& values, auto is_met) {
    return std::any_of(values.begin(), values.end(), is_met);
  };
  EXPECT_EQ(shrunk(softmax, [&](const Batch& b) { return any(b.output, [](double x) { return std::isnan(x); }); }),
            "output=nan");
  EXPECT_EQ(shrunk(softmax, [&](const Batch& b) { return any(b.output, [](double x) { return std::isinf(x); }); }),
            "output=inf");
  EXPECT_EQ(shrunk(softmax, [&](const Batch& b) { return any(b.output, [](double x) { return x >= 12; }); }),
            "output=0x1p+4");
  EXPECT_EQ(shrunk(softmax, [&](const Batch& b) { return b.shape.classes >= 3 && b.shape.outer >= 2; }),
            "shape=2x3x1 output=0x0p+0*6");
  const Contract loss = parse_contract("categorical_crossentropy exact " + std::string(traits(GetParam()).name) +
                                       " forward axis sample_weights");
  EXPECT_EQ(shrunk(loss, [&](const Batch& b) { return any(b.target, [](double t) { return t == 1; }); }),
            "output=0x0p+0 target=0x1p+0 sample_weights=0x0p+0");
}

/// However far a value is followed down, the chain ends.
TEST_P(Generators, SimplerValuesEnd) {
  Source source(rc::Random(5), 100);
  for (int i = 0; i < 300; ++i) {
    double x = draw_real(source, GetParam(), Adventure::wild);
    int steps = 0;
    for (auto next = simpler_values(GetParam(), x); !next.empty() && steps < 5000; ++steps) {
      x = next.back();  // the least simplification there is
      next = simpler_values(GetParam(), x);
    }
    EXPECT_EQ(x, 0) << "after " << steps;
    EXPECT_LT(steps, 5000);
  }
}

}  // namespace
}  // namespace lossaudit::conform
