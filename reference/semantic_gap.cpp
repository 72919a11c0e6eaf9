#include "reference/semantic_gap.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const Expected& in_f64(const Exact& result) { return result.each[static_cast<std::size_t>(Format::f64)]; }

/// The same binary64 neighbour and the same place beside it, as far as Expected knows that.
bool are_the_same(const Expected& a, const Expected& b) {
  return a.rounded == b.rounded && std::abs(a.offset - b.offset) <= 0x1p-19;
}

Gap gap_between(Format format, const Exact& exact, const Exact& other) {
  using Kind = Expected::Kind;
  if (exact.kind == Kind::nan || other.kind == Kind::nan) {
    return exact.kind == other.kind ? Gap{} : Gap{nan, nan};
  }
  const double answer = in_f64(other).rounded;
  if (exact.kind == Kind::infinity || other.kind == Kind::infinity) {
    if (exact.kind == other.kind && answer == in_f64(exact).rounded) return {};
    return {std::copysign(infinity, other.kind == Kind::infinity ? answer : -in_f64(exact).rounded), infinity};
  }
  if (are_the_same(in_f64(exact), in_f64(other))) return {};
  // binary64 holds the answer to 2^-53, which no figure of three digits shows.
  const double sign = answer < in_f64(exact).rounded ? -1 : 1;
  return {sign * relative_error(Format::f64, in_f64(exact), answer),
          ulp_error(format, exact.each[static_cast<std::size_t>(format)], answer)};
}

Contract in_dialect(Contract contract, Dialect dialect) {
  contract.dialect = dialect;
  if (!path_of(contract).uses_epsilon()) contract.options.epsilon.reset();
  return contract;
}

}  // namespace

std::vector<DialectAnswer> answers_of_dialects(const Contract& contract, const Batch& batch, int digits) {
  const std::vector<Exact> mathematics = explain(in_dialect(contract, Dialect::exact), batch, digits);
  std::vector<DialectAnswer> answers;
  for (const DialectTraits& d : dialects()) {
    DialectAnswer answer;
    answer.dialect = d.dialect;
    try {
      const Contract own = in_dialect(contract, d.dialect);
      validate(own);
      answer.results = explain(own, batch, digits);
      for (std::size_t i = 0; i < mathematics.size(); ++i) {
        answer.gaps.push_back(gap_between(contract.format, mathematics[i], answer.results[i]));
      }
    } catch (const BadInput& refused) {
      answer = {d.dialect, refused.what(), {}, {}};
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace lossaudit
