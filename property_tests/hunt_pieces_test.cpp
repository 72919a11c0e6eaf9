// What a hunt is made of: cases packed together, moves from case to case, bisection along a line.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "audit/case.hpp"
#include "audit/hunt/cases.hpp"
#include "audit/hunt/line.hpp"
#include "audit/hunt/moves.hpp"
#include "audit/inputs.hpp"

namespace lossaudit {
namespace {

TEST(HuntPieces, TheMoreCasesOfOneShapeFitInABatchAndComeOutAgain) {
  for (const char* text : {"softmax exact f32 gradient axis", "categorical_crossentropy exact f32 forward from_logits",
                           "sparse_categorical_crossentropy exact f32 gradient from_logits sample_weights",
                           "logsumexp exact f32 gradient"}) {
    SCOPED_TRACE(text);
    const Contract contract = parse_contract(text);
    Random random(1);
    std::vector<Batch> cases;
    for (const Generator& generator : generators()) {
      if (!generator.applies(contract)) continue;
      for (const Batch& batch : make_batches(generator, contract, 300, 1, 0)) {
        if (batch.shape.classes != 7) continue;
        cases.push_back(single_case(contract, batch, 0));
      }
    }
    ASSERT_GT(cases.size(), 2U);
    for (Batch& one : cases) change_values(contract, one, random);
    const Batch packed = pack(contract, cases);
    validate(contract, packed);
    ASSERT_EQ(cases_in(contract, packed), cases.size());
    for (std::size_t result = 0; result < result_size(contract, packed.shape); ++result) {
      const std::size_t index = case_of_result(contract, packed, result);
      EXPECT_EQ(to_case_text(contract, single_case(contract, packed, result)), to_case_text(contract, cases[index]));
    }
  }
}

TEST(HuntPieces, MovesKeepWhatTheContractSays) {
  const Contract contract = parse_contract("sparse_categorical_crossentropy exact f32 gradient from_logits");
  Random random(2);
  Batch row = parse_case(contract, "output=1,2,3 labels=2");
  for (int i = 0; i < 2000; ++i) {
    const auto move = static_cast<LengthMove>(random.below(length_moves));
    if (row.output.size() < 100 || move == LengthMove::drop) change_length(contract, move, row, random);
    change_values(contract, row, random);
    validate(contract, row);
    ASSERT_TRUE(std::ranges::all_of(row.output, [](double x) { return std::isfinite(x); }));
    ASSERT_GE(row.labels[0], 0);
    ASSERT_LT(row.labels[0], static_cast<std::int64_t>(row.output.size()));
    for (const double x : row.output) ASSERT_EQ(x, round_to(contract.format, x));
  }
}

TEST(LineSearch, FindsThePeakOfASlopeAndEveryNumberOfAShortRange) {
  const std::int64_t peak = 0x123456789abcdef;
  Random random(1);
  LineSearch line(-last_ordinal(Format::f64), last_ordinal(Format::f64), 256);
  double best = -1;
  for (int level = 0; level < 60; ++level) {
    std::vector<double> errors;
    for (const std::int64_t place : line.propose(random)) {
      const double away = std::abs(static_cast<double>(place) - static_cast<double>(peak));
      errors.push_back(1 / (1 + away));
    }
    if (errors.empty()) break;
    best = std::max(best, *std::ranges::max_element(errors));
    line.learn(errors);
  }
  EXPECT_EQ(best, 1);

  LineSearch shortest(-3, 3, 100);
  std::vector<std::int64_t> all(shortest.propose(random).begin(), shortest.propose(random).end());
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<std::int64_t>{-3, -2, -1, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace lossaudit
