// Results that depend on where or when they are computed are seen, and where is named.
#include "audit/lengths/same_bits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/lengths/lengths.hpp"

namespace lossaudit {
namespace {

const char* const placed_lines[] = {"sigmoid,softmax exact f32 forward,gradient",
                                    "mean_squared_error exact f32 forward reduction=sum", nullptr};

/// What is wrong with where a result stands.
enum class Flaw { none, single, tail, lane, address, many, neighbour, call };

/// A vector loop that begins where a register's load is aligned leaves so many elements before it to another one.
std::size_t before_aligned(const float* x) {
  return (32 - reinterpret_cast<std::uintptr_t>(x) % 32) % 32 / sizeof(float);
}

/// Units (elements, rows) of what is added up, off by an ulp where the flaw is.
template <Flaw flaw>
int placed(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  static int calls = 0;
  ++calls;
  const bool in_rows = std::string_view(contract->function) == "softmax";
  const std::size_t n = t->outer * t->classes * t->inner, each = in_rows ? t->classes : 1, units = n / each;
  const auto* const x = static_cast<const float*>(t->output);
  const bool any_nan = std::any_of(x, x + n, [](float value) { return std::isnan(value); });
  for (std::size_t i = 0; i < t->result_count; ++i) {
    const bool in_tail = i / each >= units / 8 * 8;
    const bool off = (flaw == Flaw::single && units == 1) || (flaw == Flaw::tail && in_tail) ||
                     (flaw == Flaw::lane && units % 8 == 4) || (flaw == Flaw::address && i < before_aligned(x)) ||
                     (flaw == Flaw::many && units > 1000) || (flaw == Flaw::neighbour && any_nan) ||
                     (flaw == Flaw::call && calls % 2 == 0);
    const float result = 1 / (1 + std::exp(-x[i]));
    static_cast<float*>(t->result)[i] = off ? std::nextafter(result, 0.0F) : result;
  }
  return LOSSAUDIT_OK;
}

template <Flaw flaw>
std::string differing(Function function) {
  std::string names;
  LengthsRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "mine", "1", placed_lines, placed<flaw>}), "mine", "mine", true});
  request.filter.functions = {function};
  request.filter.passes = {Pass::forward, Pass::gradient};
  request.longest = 100000;
  const RunRecord record = run_lengths(request);
  EXPECT_EQ(record.lengths.size(), function == Function::mean_squared_error ? 1U : 2U) << "forward and gradient";
  for (const LengthCurve& curve : record.lengths) {
    EXPECT_EQ(curve.subject, "mine");
    std::string here;
    for (const auto& [name, said] : curve.same_bits) {
      if (said != "same bits") here += (here.empty() ? "" : ", ") + name;
      EXPECT_TRUE(said == "same bits" || said.starts_with("differs: result ")) << said;
    }
    EXPECT_EQ(curve.same_bits.size(), function == Function::mean_squared_error ? 1U : 5U);
    EXPECT_TRUE(names.empty() || names == here) << curve.pass;
    names = here;
  }
  return names;
}

TEST(SameBits, AreMissedWhereTheyDiffer) {
  for (const Function function : {Function::sigmoid, Function::softmax}) {
    SCOPED_TRACE(traits(function).name);
    EXPECT_EQ(differing<Flaw::none>(function), "");
    EXPECT_EQ(differing<Flaw::tail>(function), "alone, at each offset, in a long call");
    EXPECT_EQ(differing<Flaw::single>(function), "alone");
    EXPECT_EQ(differing<Flaw::lane>(function), "at each offset");
    EXPECT_EQ(differing<Flaw::address>(function), "alone, at each offset, in a long call");
    EXPECT_EQ(differing<Flaw::many>(function), "in a long call");
    EXPECT_EQ(differing<Flaw::neighbour>(function), "beside NaN");
    EXPECT_NE(differing<Flaw::call>(function).find("run to run"), std::string::npos);
  }
  EXPECT_EQ(differing<Flaw::none>(Function::mean_squared_error), "");
  EXPECT_EQ(differing<Flaw::call>(Function::mean_squared_error), "run to run");
}

}  // namespace
}  // namespace lossaudit
