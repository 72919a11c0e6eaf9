// The reference against a second opinion: the same functions written anew over Arb's balls (second_opinion/). Neither
// may refute the other, and a mistake planted in either must be found.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "property_tests/second_opinion/cases.hpp"
#include "property_tests/second_opinion/verdict.hpp"

namespace lossaudit::second_opinion {
namespace {

std::vector<Member> elementwise_members() {
  std::vector<Member> some = members();
  std::erase_if(some, [](const Member& m) { return traits(m.function).layout != Layout::elementwise; });
  return some;
}

/// Nothing refuted, and nothing left open but what the reference says it could not prove, where it may (judge()).
void expect_agreement(const Tally& tally) {
  for (const std::string& line : tally.refuted) ADD_FAILURE() << line;
  for (const std::string& line : tally.undecided) ADD_FAILURE() << "undecided: " << line;
}

/// In the XML report: how many results agreed, and of how many the reference did not prove the rounding.
void record(const Tally& tally, Pass pass, const FormatTraits& format) {
  const std::string name = std::string(to_string(pass)) + "_" + std::string(format.name);
  testing::Test::RecordProperty(name, static_cast<int>(tally.agreed));
  testing::Test::RecordProperty("unproved_" + name, static_cast<int>(tally.unproved.size()));
}

Tally reference_against(const Contract& contract, const Batch& batch, Fault fault = Fault::none) {
  return compare(contract, batch, expect(contract, batch), fault);
}

/// The same without the filters in front of the intervals.
Tally intervals_against(const Contract& contract, const Batch& batch) {
  return compare(contract, batch, expect_by_intervals(contract, batch));
}

/// Other cases with --gtest_random_seed=N; the same ones without (UnitTest::random_seed() would be the time then).
std::uint64_t seed(std::uint64_t base) { return base + static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed)); }

class SecondOpinion : public testing::TestWithParam<Member> {};
INSTANTIATE_TEST_SUITE_P(Functions, SecondOpinion, testing::ValuesIn(members()),
                         [](const auto& info) { return name_of(info.param); });

#if defined(__SANITIZE_ADDRESS__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

/// Every combination of options in both passes and all formats; under the sanitizers, which take seven times as long,
/// in one format each.
TEST_P(SecondOpinion, AgreesOnEveryCombinationOfOptions) {
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    Cases cases(seed(pass == Pass::forward ? 20240229 : 4));
    for (const FormatTraits& format : format_table) {
      Tally tally;
      std::size_t visited = 0;
      const std::vector<Options>& combinations = GetParam().combinations;
      for (std::size_t i = 0; i < combinations.size(); ++i) {
        if (is_sanitized && &format_table[i % std::size(format_table)] != &format) continue;
        const Contract contract = cases.contract(GetParam(), combinations[i], format.format, pass);
        tally += reference_against(contract, cases.batch(contract, 2));
        ++visited;
      }
      expect_agreement(tally);
      EXPECT_GE(tally.agreed, visited);
      record(tally, pass, format);
    }
  }
}

TEST_P(SecondOpinion, AgreesOnRandomCases) {
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    Cases cases(seed(pass == Pass::forward ? 1234 : 5678));
    for (const FormatTraits& format : format_table) {
      Tally tally;
      for (int i = 0; i < (is_sanitized ? 3 : 8); ++i) {
        const Contract contract = cases.contract(GetParam(), format.format, pass);
        const Batch batch = cases.batch(contract);
        tally += reference_against(contract, batch);
        tally += intervals_against(contract, batch);
      }
      expect_agreement(tally);
      EXPECT_GE(tally.agreed, is_sanitized ? 6U : 16U);
      record(tally, pass, format);
    }
  }
}

TEST_P(SecondOpinion, AgreesOnExplanations) {
  Cases cases(seed(77));
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    for (const int digits : {1, 17, 40}) {
      for (const FormatTraits& format : format_table) {
        const Contract contract = cases.contract(GetParam(), format.format, pass);
        const Batch batch = cases.batch(contract, 3);
        expect_agreement(compare(contract, batch, explain(contract, batch, digits), digits));
      }
    }
  }
}

class ElementwiseSecondOpinion : public testing::TestWithParam<Member> {};
INSTANTIATE_TEST_SUITE_P(Functions, ElementwiseSecondOpinion, testing::ValuesIn(elementwise_members()),
                         [](const auto& info) { return name_of(info.param); });

/// A prime stride reaches every binade and every residue of the significand.
TEST_P(ElementwiseSecondOpinion, AgreesOnBitPatternsOfTheSmallFormats) {
  constexpr std::uint64_t stride = is_sanitized ? 163 : 41;
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    for (const Format format : {Format::f16, Format::bf16}) {
      Contract contract{GetParam().function, GetParam().dialect, format, pass, {}};
      contract.options.from_logits = GetParam().from_logits;
      Batch batch;
      for (std::uint64_t bits = 0; bits < 65536; bits += stride) {
        batch.output.push_back(decode(format, bits));
        if (traits(contract.function).target == TargetKind::dense) batch.target.push_back(bits % 3 == 0 ? 0.25 : 1);
      }
      batch.shape.classes = batch.output.size();
      expect_agreement(reference_against(contract, batch));
    }
  }
}

Batch row(std::vector<double> output, std::vector<double> target = {}) {
  Batch batch;
  batch.shape.classes = output.size();
  batch.output = std::move(output);
  batch.target = std::move(target);
  return batch;
}

/// expect() on a single result, agreed upon by the second opinion.
Expected agreed(const Contract& contract, const Batch& batch, std::size_t result = 0) {
  expect_agreement(reference_against(contract, batch));
  return expect(contract, batch).at(result);
}

// 0 − ln(e^1 + e^−2^24) − … : −16777217 − ln(1 + e^−16777217), a hair beyond the tie of −16777216 and −16777218.
TEST(Ties, LogSoftmaxBeyondATieByOneExponential) {
  const Contract contract{Function::log_softmax, Dialect::exact, Format::f32, Pass::forward, {}};
  EXPECT_EQ(agreed(contract, row({1, -0x1p24}), 1).rounded, -16777218);
  // −16777219 ties with −16777220, which is even: the hair beyond changes nothing.
  EXPECT_EQ(agreed(contract, row({3, -0x1p24}), 1).rounded, -16777220);
  // Here the tie would go down to −16777220, and the hair takes it to −16777222.
  EXPECT_EQ(agreed(contract, row({5, -0x1p24}), 1).rounded, -16777222);
}

// −1.9dp+90 is a tie of bf16, and ln(1 + e^−1.9dp+90) takes it on: far too little for any power of 2 to be scaled by.
TEST(Ties, LogSoftmaxBeyondATieAmongLargeNumbers) {
  const Contract contract{Function::log_softmax, Dialect::exact, Format::bf16, Pass::forward, {}};
  EXPECT_EQ(agreed(contract, row({0x1.bep+89, 0x1.3ep+91})).rounded, -0x1.9ep+90);
}

// (1 − t) x + ln(1 + e^−x), with t = 1/4: 6291458.25, which ties to 6291458, plus e^−8388611.
TEST(Ties, BinaryCrossentropyAboveATieByOneExponential) {
  Contract contract{Function::binary_crossentropy, Dialect::exact, Format::f32, Pass::forward, {}};
  contract.options.from_logits = true;
  EXPECT_EQ(agreed(contract, row({8388611}, {0.25})).rounded, 6291458.5);
  // With t = −1/2 the coefficients have opposite signs: 12582916.5 + e^−8388611.
  EXPECT_EQ(agreed(contract, row({8388611}, {-0.5})).rounded, 12582917);
}

// (a² + (a + 1)²) / 2 is a half-integer where the format's numbers are the integers: an exact tie, to even.
TEST(Ties, MeanSquaredErrorOnATie) {
  for (const FormatTraits& format : format_table) {
    Contract contract{Function::mean_squared_error, Dialect::exact, format.format, Pass::forward, {}};
    const double a = std::ceil(std::sqrt(std::ldexp(1.0, format.precision - 1))) + 1;
    const Expected expected = agreed(contract, row({a, a + 1}, {0, 0}));
    EXPECT_EQ(std::fabs(expected.offset), 0.5) << format.name;
    EXPECT_EQ(std::fmod(expected.rounded, 2), 0) << format.name;
  }
}

TEST(Ties, SaturatedResultsLieBelowTheirRounding) {
  for (const FormatTraits& format : format_table) {
    const double far = std::ldexp(1.0, format.max_exponent - 1);
    const Contract sigmoid{Function::sigmoid, Dialect::exact, format.format, Pass::forward, {}};
    const Expected one = agreed(sigmoid, row({far}));
    EXPECT_EQ(one.rounded, 1);
    EXPECT_EQ(one.ulp_exponent, -format.precision) << "below 1, the ulp is that of 1/2";
    const Contract softmax{Function::softmax, Dialect::exact, format.format, Pass::forward, {}};
    EXPECT_EQ(agreed(softmax, row({0, 0, -far})).ulp_exponent, -1 - format.precision) << "below 1/2";
    EXPECT_EQ(agreed(softmax, row({0, 0})).ulp_exponent, -format.precision) << "exactly 1/2";
  }
}

TEST(LongRows, Agree) {
  for (const FormatTraits& format : format_table) {
    std::vector<double> output;
    std::vector<double> target(2049, 0.0);
    target[7] = 1;
    for (std::size_t i = 0; i < target.size(); ++i) {
      output.push_back(round_to(format.format, std::sin(static_cast<double>(i)) * 12));
    }
    for (const Function function : {Function::softmax, Function::log_softmax, Function::logsumexp}) {
      const Contract contract{function, Dialect::exact, format.format, Pass::forward, {}};
      expect_agreement(reference_against(contract, row(output)));
    }
    Contract contract{Function::categorical_crossentropy, Dialect::exact, format.format, Pass::forward, {}};
    contract.options.from_logits = true;
    contract.options.label_smoothing = 0.1;
    expect_agreement(reference_against(contract, row(output, target)));

    // A gradient has as many derivatives as the row is long, squared.
    output.resize(101);
    target.resize(101);
    for (const Function function : {Function::softmax, Function::log_softmax, Function::logsumexp}) {
      const Contract gradient{function, Dialect::exact, format.format, Pass::gradient, {}};
      expect_agreement(reference_against(gradient, row(output)));
    }
    contract.pass = Pass::gradient;
    expect_agreement(reference_against(contract, row(output, target)));
  }
}

// --- A mistake planted in either opinion is found. ---

/// Calls check(contract, batch) on cases of every function, dialect, pass and format until it returns true.
template <typename Check>
bool found(std::uint64_t seed, int batches, Check&& check) {
  static const std::vector<Member> all = members();
  Cases cases(seed);
  for (int i = 0; i < batches; ++i) {
    for (const Member& member : all) {
      for (const FormatTraits& format : format_table) {
        for (const Pass pass : {Pass::forward, Pass::gradient}) {
          const Contract contract = cases.contract(member, format.format, pass);
          if (check(contract, cases.batch(contract, 3))) return true;
        }
      }
    }
  }
  return false;
}

class WrongFormula : public testing::TestWithParam<NamedFault> {};
INSTANTIATE_TEST_SUITE_P(Faults, WrongFormula, testing::ValuesIn(faults),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(WrongFormula, IsRefuted) {
  EXPECT_TRUE(found(3, 40, [](const Contract& contract, const Batch& batch) {
    return !reference_against(contract, batch, GetParam().fault).refuted.empty();
  }));
}

/// The cases in which the faults are found show none without a fault.
TEST(RightFormula, IsNotRefuted) {
  EXPECT_FALSE(found(3, 2, [](const Contract& contract, const Batch& batch) {
    return !reference_against(contract, batch).refuted.empty();
  }));
}

/// A reference that misreads its contract: the claims it makes are those of another one, or of other inputs.
struct Misreading {
  const char* name;
  /// False when this contract cannot be misread so.
  bool (*apply)(Contract&, Batch&);
};

template <Dialect Right, Dialect Wrong>
bool read_as(Contract& contract, Batch& /*batch*/) {
  const bool applies = contract.dialect == Right;
  contract.dialect = Wrong;
  // An ε is the dialect's own then.
  if (applies && !is_meaningful(contract)) contract.options.epsilon.reset();
  return applies && is_meaningful(contract);
}

bool all_ones(std::vector<double>& tensor) {
  const bool changes = !tensor.empty();
  std::fill(tensor.begin(), tensor.end(), 1.0);
  return changes;
}

const Misreading misreadings[] = {
    {"Keras2AsKeras1", read_as<Dialect::keras2, Dialect::keras1>},
    {"Keras3AsKeras1", read_as<Dialect::keras3, Dialect::keras1>},
    {"Keras1AsKeras3", read_as<Dialect::keras1, Dialect::keras3>},
    {"Keras3AsExact", read_as<Dialect::keras3, Dialect::exact>},
    {"TfAsExact", read_as<Dialect::tf, Dialect::exact>},
    {"TorchAsExact", read_as<Dialect::torch, Dialect::exact>},
    {"OptaxAsExact", read_as<Dialect::optax, Dialect::exact>},
    {"OnnxAsExact", read_as<Dialect::onnx, Dialect::exact>},
    {"OnnxAsTf", read_as<Dialect::onnx, Dialect::tf>},
    {"SklearnAsKeras1", read_as<Dialect::sklearn, Dialect::keras1>},
    {"TfjsAsKeras1", read_as<Dialect::tfjs, Dialect::keras1>},
    {"NoSmoothing", [](Contract& c, Batch&) { return std::exchange(c.options.label_smoothing, 0) != 0; }},
    {"NoPosWeight", [](Contract& c, Batch&) { return std::exchange(c.options.pos_weight, std::nullopt).has_value(); }},
    {"NothingIgnored",
     [](Contract& c, Batch&) { return std::exchange(c.options.ignore_index, std::nullopt).has_value(); }},
    {"OwnEpsilon", [](Contract& c, Batch&) { return std::exchange(c.options.epsilon, std::nullopt).has_value(); }},
    {"SumForMean",
     [](Contract& c, Batch&) {
       return c.pass == Pass::gradient && std::exchange(c.options.reduction, Reduction::sum) == Reduction::mean;
     }},
    {"ClassWeightsOfOne", [](Contract&, Batch& batch) { return all_ones(batch.class_weights); }},
    {"SampleWeightsOfOne", [](Contract&, Batch& batch) { return all_ones(batch.sample_weights); }},
    {"UpstreamOfOne", [](Contract&, Batch& batch) { return all_ones(batch.upstream); }},
    {"NextLabel",
     [](Contract&, Batch& batch) {
       for (std::int64_t& label : batch.labels) ++label;
       return !batch.labels.empty();
     }},
};

class WrongReference : public testing::TestWithParam<Misreading> {};
void PrintTo(const Misreading& misreading, std::ostream* out) { *out << misreading.name; }
INSTANTIATE_TEST_SUITE_P(Misreadings, WrongReference, testing::ValuesIn(misreadings),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(WrongReference, IsRefuted) {
  bool in_pass[2] = {false, false};
  found(5, 20, [&](const Contract& contract, const Batch& batch) {
    Contract read = contract;
    Batch seen = batch;
    bool& refuted = in_pass[static_cast<std::size_t>(contract.pass)];
    if (refuted || !GetParam().apply(read, seen)) return false;
    refuted = !compare(contract, batch, expect(read, seen)).refuted.empty();
    return in_pass[0] && in_pass[1];
  });
  const std::string name = GetParam().name;
  EXPECT_TRUE(in_pass[0] || name == "UpstreamOfOne" || name == "SumForMean" || name == "TfAsExact") << "forward";
  EXPECT_TRUE(in_pass[1]) << "gradient";
}

struct Nudge {
  const char* name;
  /// Changes a claim; false when this one cannot be changed so.
  bool (*apply)(Format, Expected&);
};

bool is_number(const Expected& claim) { return claim.kind == Expected::Kind::number; }

bool move_offset(Expected& claim, double by) {
  claim.offset += by;
  return is_number(claim);
}

/// The neighbouring value, with the offset that still describes the same real number.
bool move_rounding(Format format, Expected& claim, int steps) {
  // Off a power of 2 and 0 the neighbours are one ulp away.
  const double units = std::ldexp(claim.rounded, -claim.ulp_exponent);
  if (!is_number(claim) || std::isinf(claim.rounded) || std::fabs(claim.rounded) == largest(format)) return false;
  if (std::fabs(units) >= std::ldexp(1.0, traits(format).precision)) return false;
  claim.rounded = std::ldexp(units + steps, claim.ulp_exponent);
  claim.offset -= steps;
  return true;
}

const Nudge nudges[] = {
    {"OffsetUp", [](Format, Expected& claim) { return move_offset(claim, 0x1p-18); }},
    {"OffsetDown", [](Format, Expected& claim) { return move_offset(claim, -0x1p-18); }},
    {"RoundedUp", [](Format format, Expected& claim) { return move_rounding(format, claim, 1); }},
    {"RoundedDown", [](Format format, Expected& claim) { return move_rounding(format, claim, -1); }},
    {"UlpOfTheNextBinade",
     [](Format, Expected& claim) {
       ++claim.ulp_exponent;
       return is_number(claim);
     }},
    {"UlpOfTheBinadeBelow",
     [](Format, Expected& claim) {
       --claim.ulp_exponent;
       return is_number(claim);
     }},
    {"InfinityForANumber",
     [](Format, Expected& claim) {
       const bool changes = is_number(claim);
       claim.kind = Expected::Kind::infinity;
       claim.rounded = HUGE_VAL;
       return changes;
     }},
    {"NanForAnything",
     [](Format, Expected& claim) {
       const bool changes = claim.kind != Expected::Kind::nan;
       claim.kind = Expected::Kind::nan;
       return changes;
     }},
    {"NumberForNan",
     [](Format, Expected& claim) {
       const bool changes = claim.kind == Expected::Kind::nan;
       claim.kind = Expected::Kind::number;
       claim.rounded = claim.offset = 0;
       return changes;
     }},
    {"OtherInfinity",
     [](Format, Expected& claim) {
       claim.rounded = -claim.rounded;
       return claim.kind == Expected::Kind::infinity;
     }},
    {"RecommendedOrNot",
     [](Format, Expected& claim) {
       claim.recommended = !claim.recommended;
       return claim.kind != Expected::Kind::nan;
     }},
};

class WrongClaim : public testing::TestWithParam<Nudge> {};
void PrintTo(const Nudge& nudge, std::ostream* out) { *out << nudge.name; }
INSTANTIATE_TEST_SUITE_P(Nudges, WrongClaim, testing::ValuesIn(nudges),
                         [](const auto& info) { return std::string(info.param.name); });

/// Every claim that can be changed so is refuted, not just some.
TEST_P(WrongClaim, IsRefuted) {
  std::size_t changed = 0;
  found(11, 1, [&](const Contract& contract, const Batch& batch) {
    std::vector<Expected> claims = expect(contract, batch);
    std::size_t here = 0;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      Expected nudged = claims[i];
      if (!GetParam().apply(contract.format, nudged)) continue;
      claims[i] = nudged;
      ++here;
    }
    EXPECT_EQ(compare(contract, batch, claims).refuted.size(), here) << to_string(contract);
    changed += here;
    return false;
  });
  EXPECT_GT(changed, 10U);
}

// 1/8 = 0.125 and e^−2^60 less: to two digits a tie but for the exponential, so the decimal is truncated.
TEST(Explanation, NextToADecimalTie) {
  const Contract contract{Function::softmax, Dialect::exact, Format::f64, Pass::forward, {}};
  const Batch batch = row({0, 0, 0, 0, 0, 0, 0, 0, -0x1p60});
  const std::vector<Exact> claims = explain(contract, batch, 2);
  expect_agreement(compare(contract, batch, claims, 2));
  EXPECT_EQ(claims[0].decimal, "0.12");
}

TEST(WrongExplanation, IsRefuted) {
  const Contract contract{Function::softplus, Dialect::exact, Format::f32, Pass::forward, {}};
  const Batch batch = row({-3.5});
  const std::vector<Exact> right = explain(contract, batch, 20);
  expect_agreement(compare(contract, batch, right, 20));
  const std::string value = right[0].decimal;  // 0.0297504182726205…
  ASSERT_EQ(value.substr(0, 10), "0.02975041");
  std::vector<Exact> wrong = right;
  wrong[0].upper = "0.02975041";
  EXPECT_EQ(compare(contract, batch, wrong, 20).refuted.size(), 1U);
  wrong = right;
  wrong[0].lower = "0.02975042";
  EXPECT_EQ(compare(contract, batch, wrong, 20).refuted.size(), 1U);
  wrong = right;
  wrong[0].decimal = "0.029750419";
  EXPECT_EQ(compare(contract, batch, wrong, 20).refuted.size(), 1U);
  wrong = right;
  wrong[0].each[2] = wrong[0].each[1];
  EXPECT_EQ(compare(contract, batch, wrong, 20).refuted.size(), 1U);
}

}  // namespace
}  // namespace lossaudit::second_opinion
