// The generators: values of the format and nothing else, the shapes they claim, the same again from the same seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "audit/auditor.hpp"
#include "audit/case.hpp"
#include "audit/inputs.hpp"
#include "audit/inputs/values.hpp"
#include "audit/plan.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t elements = 600;

/// Calls use(generator, contract) for everything that an audit would put together.
template <typename Use>
void for_each_pair(Use use) {
  Filter filter;
  filter.passes = {Pass::forward, Pass::gradient};
  for (const PlannedContract& planned : plan(filter)) {
    for (const Generator& generator : generators()) {
      if (generator.applies(planned.contract)) use(generator, planned.contract);
    }
  }
}

/// One contract of each kind that generators tell apart, for tests that would take too long on all of them.
template <typename Use>
void for_each_pair_in(const std::string& contract_text, Use use) {
  const Contract contract = parse_contract(contract_text);
  for (const Generator& generator : generators()) {
    if (generator.applies(contract)) use(generator, contract);
  }
}

bool is_of_format(Format format, double x) { return std::isnan(x) || round_to(format, x) == x; }

TEST(Generators, MakeValidBatchesOfValuesOfTheFormat) {
  for_each_pair([](const Generator& generator, const Contract& contract) {
    if (generator.name == "long_rows" || generator.name == "every_bit_pattern") return;  // tried below
    SCOPED_TRACE(generator.name + " for " + to_string(contract));
    const std::vector<Batch> batches = make_batches(generator, contract, elements, 1, 0);
    ASSERT_FALSE(batches.empty());
    for (const Batch& batch : batches) {
      ASSERT_NO_THROW(validate(contract, batch));
      ASSERT_EQ(batch.origin, generator.name + "/0/" + std::to_string(&batch - batches.data()));
      for (const auto tensor :
           {&Batch::output, &Batch::target, &Batch::class_weights, &Batch::sample_weights, &Batch::upstream}) {
        for (const double x : batch.*tensor) ASSERT_TRUE(is_of_format(contract.format, x)) << x;
      }
      for (const std::int64_t label : batch.labels) {
        const bool is_class = label >= 0 && label < static_cast<std::int64_t>(batch.shape.classes);
        ASSERT_TRUE(is_class || label == contract.options.ignore_index) << label;
      }
      if (contract.options.reduction != Reduction::none) {
        ASSERT_EQ(result_size({contract.function, contract.dialect, contract.format, Pass::forward, contract.options},
                              batch.shape),
                  1U);
      }
    }
  });
}

TEST(Generators, GiveTheSameAgainAndOthersInAnotherRoundOrFromAnotherSeed) {
  for (const char* contract_text :
       {"sigmoid exact f32 forward", "binary_crossentropy keras1 f16 forward", "softmax exact f64 forward axis",
        "sparse_categorical_crossentropy exact bf16 forward reduction=mean ignore_index=-100 from_logits"}) {
    for_each_pair_in(contract_text, [](const Generator& generator, const Contract& contract) {
      SCOPED_TRACE(generator.name + " for " + to_string(contract));
      const auto text = [&](std::uint64_t seed, std::uint64_t round) {
        std::string all;
        for (const Batch& batch : make_batches(generator, contract, elements, seed, round)) {
          all += to_case_text(contract, batch) + "\n";
        }
        return all;
      };
      EXPECT_EQ(text(7, 3), text(7, 3));
      if (generator.random) {
        EXPECT_NE(text(7, 3), text(7, 4));
        EXPECT_NE(text(7, 3), text(8, 3));
      }
    });
  }
}

TEST(Generators, EveryContractIsServed) {
  for (const PlannedContract& planned : plan({})) {
    const auto serves = [&](const Generator& generator) { return generator.applies(planned.contract); };
    EXPECT_GE(std::count_if(generators().begin(), generators().end(), serves), 3) << to_string(planned.contract);
  }
}

TEST(Generators, CoverAll16BitValues) {
  for (const Format format : {Format::f16, Format::bf16}) {
    const Contract contract{Function::sigmoid, Dialect::exact, format, Pass::forward, {}};
    for (const Generator& generator : generators()) {
      if (!generator.covers || !generator.applies(contract)) continue;
      std::set<std::uint64_t> seen;
      for (const Batch& batch : make_batches(generator, contract, elements, 1, 0)) {
        for (const double x : batch.output) seen.insert(encode(format, x));
      }
      EXPECT_EQ(seen.size(), 65536U);
    }
  }
  // With a second argument, all values of one are not all inputs.
  for (const Generator& generator : generators()) {
    EXPECT_FALSE(generator.covers && generator.applies(parse_contract("binary_crossentropy exact f16 forward")));
    EXPECT_FALSE(generator.covers && generator.applies(parse_contract("sigmoid exact f32 forward")));
  }
}

TEST(Generators, ReachEveryBinadeOfBothSigns) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  std::set<std::pair<bool, int>> binades;
  for_each_pair_in(to_string(contract), [&](const Generator& generator, const Contract& c) {
    if (generator.name != "every_binade") return;
    for (const Batch& batch : make_batches(generator, c, elements, 1, 0)) {
      for (const double x : batch.output) binades.insert({x < 0, std::ilogb(x)});
    }
  });
  // 254 normal binades and 23 subnormal ones.
  EXPECT_EQ(binades.size(), 2U * (254 + 23));
}

TEST(Generators, RowsKeepTheirAxisInTheMiddleAndTheirLengths) {
  std::set<std::size_t> counts;
  for_each_pair_in("softmax exact f32 forward axis", [&](const Generator& generator, const Contract& contract) {
    for (const Batch& batch : make_batches(generator, contract, elements, 1, 0)) {
      EXPECT_GT(batch.shape.inner, 1U);
      counts.insert(batch.shape.classes);
    }
  });
  for (const std::size_t classes : {1, 2, 3, 7, 10, 100, 1000, 4097}) EXPECT_TRUE(counts.contains(classes)) << classes;
}

TEST(Generators, AnAuditsMeansPass65536Rows) {
  for (const PlannedContract& planned : plan({})) {
    const Options& options = planned.contract.options;
    const bool plain_mean = options == parse_options("reduction=mean") && planned.contract.format == Format::f32;
    if (!plain_mean) continue;
    std::size_t longest = 0;
    const auto elements_of_audit =
        static_cast<std::size_t>(static_cast<double>(AuditRequest().elements) * planned.share);
    for_each_pair_in(to_string(planned.contract), [&](const Generator& generator, const Contract& contract) {
      if (generator.name != "loss_counts") return;
      for (const Batch& batch : make_batches(generator, contract, elements_of_audit, 1, 0)) {
        longest = std::max(longest, unreduced_size(contract, batch.shape));
      }
    });
    EXPECT_GT(longest, 65536U) << to_string(planned.contract);
  }
}

TEST(Generators, ReductionsReachTheirCounts) {
  std::set<std::size_t> counts;
  const Contract contract = parse_contract("binary_crossentropy exact f16 forward reduction=mean");
  for_each_pair_in(to_string(contract), [&](const Generator& generator, const Contract& c) {
    for (const Batch& batch : make_batches(generator, c, 300000, 1, 0)) counts.insert(batch.output.size());
  });
  for (const std::size_t n : {1, 257, 2049, 65537, 100003}) EXPECT_TRUE(counts.contains(n)) << n;
}

TEST(SpecialValues, HoldTheClipAndItsNeighbours) {
  for (const FormatTraits& t : format_table) {
    const Contract contract{Function::binary_crossentropy, Dialect::keras1, t.format, Pass::forward, {}};
    const std::vector<double> values = special_values(output_space(contract));
    const auto has = [&](double x) { return std::find(values.begin(), values.end(), x) != values.end(); };
    for (const double center : {0.0, round_to(t.format, 1e-7), round_to(t.format, 1 - 1e-7), 1.0, 0.5}) {
      for (const int off : {-1, 0, 1})
        EXPECT_TRUE(has(step(t.format, center, off))) << t.name << " " << center << " " << off;
    }
  }
}

TEST(Plan, IsNarrowedByItsFilterAndHoldsOnlyMeaningfulContracts) {
  for (const PlannedContract& planned : plan({})) {
    EXPECT_TRUE(is_meaningful(planned.contract)) << to_string(planned.contract);
    EXPECT_EQ(planned.contract.pass, Pass::forward);
  }
  Filter filter;
  filter.functions = {Function::sigmoid};
  filter.formats = {Format::f16};
  const std::vector<PlannedContract> narrowed = plan(filter);
  ASSERT_EQ(narrowed.size(), 1U);
  EXPECT_EQ(to_string(narrowed[0].contract), "sigmoid exact f16 forward");
  filter.dialects = {Dialect::keras1};
  EXPECT_TRUE(plan(filter).empty()) << "keras1 has no sigmoid of its own";
}

}  // namespace
}  // namespace lossaudit
