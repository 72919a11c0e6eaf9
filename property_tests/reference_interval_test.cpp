// Intervals: what they enclose, and that an end marked open is never reached.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "reference/interval.hpp"

namespace lossaudit {
namespace {

using Narrow = Interval<28>;
using Wide = Interval<400>;

constexpr double infinity = HUGE_VAL;

/// A random expression over points, evaluated in any number type.
struct Tree {
  std::string operation;  ///< "point", or the name of the operation
  double point = 0;
  std::unique_ptr<Tree> left, right;

  template <typename T>
  T value() const {
    if (operation == "point") return T(point);
    const T a = left->value<T>();
    if (operation == "-x") return -a;
    if (operation == "exp") return exp(a);
    if (operation == "log") return log(a);
    if (operation == "log1p") return log1p(a);
    const T b = right->value<T>();
    if (operation == "+") return a + b;
    if (operation == "-") return a - b;
    if (operation == "*") return a * b;
    if (operation == "/") return a / b;
    if (operation == "max") return max(a, b);
    return min(a, b);
  }

  [[nodiscard]] std::string text() const {
    if (operation == "point") return std::to_string(point);
    return operation + "(" + left->text() + (right ? ", " + right->text() : "") + ")";
  }
};

std::unique_ptr<Tree> random_tree(std::mt19937_64& engine, int depth) {
  auto tree = std::make_unique<Tree>();
  static const char* const operations[] = {"+", "-", "*", "/", "max", "min", "-x", "exp", "log", "log1p"};
  if (depth == 0 || engine() % 5 == 0) {
    // Ones and neighbours of one at 28 digits make ends meet; the others spread over binades.
    static const double points[] = {0, 1, -1, 2, 0.5, -0.5, 3, 0.1, 1e-40, -1e-40, 1e-300, 1e10, -7e5, 0x1p60};
    const std::uint64_t pick = engine() % (std::size(points) + 4);
    const double sign = engine() % 2 == 0 ? 1 : -1;
    tree->operation = "point";
    tree->point = pick < std::size(points) ? points[pick]
                                           : sign * std::ldexp(1.0 + static_cast<double>(engine() >> 40) * 0x1p-24,
                                                               static_cast<int>(engine() % 40) - 20);
    return tree;
  }
  const std::uint64_t pick = engine() % std::size(operations);
  tree->operation = operations[pick];
  tree->left = random_tree(engine, depth - 1);
  if (pick < 6) tree->right = random_tree(engine, depth - 1);
  return tree;
}

/// What is wrong with `narrow` as an enclosure of all that `wide` may be, or "".
std::string objection(const Narrow& narrow, const Wide& wide) {
  const int low = mpfr_cmp(wide.lower(), narrow.lower());
  const int high = mpfr_cmp(wide.upper(), narrow.upper());
  if (low < 0 || high > 0) return "not enclosed";
  if (narrow.lower_open() && low == 0 && !wide.lower_open()) return "the open lower end is reached";
  if (narrow.upper_open() && high == 0 && !wide.upper_open()) return "the open upper end is reached";
  return "";
}

TEST(Interval, EnclosesRandomExpressionsWithoutTouchingOpenEnds) {
  std::mt19937_64 engine(7);
  int compared = 0;
  int open = 0;
  for (int i = 0; i < 30000; ++i) {
    const auto tree = random_tree(engine, 1 + static_cast<int>(engine() % 5));
    const Narrow narrow = tree->value<Narrow>();
    const Wide wide = tree->value<Wide>();
    if (is_nan(narrow) || is_nan(wide)) continue;
    ++compared;
    open += narrow.lower_open() || narrow.upper_open() ? 1 : 0;
    ASSERT_EQ(objection(narrow, wide), "") << tree->text();
  }
  EXPECT_GT(compared, 10000);
  EXPECT_GT(open, 3000);
}

/// The check above has eyes: an end that is claimed open and is reached, or an enclosure that is too narrow.
TEST(Interval, TheCheckItselfObjects) {
  const Narrow below_one = exp(Narrow(-1e-40));  // [1 − 2^-94 or so, 1)
  ASSERT_TRUE(below_one.upper_open());
  EXPECT_EQ(objection(below_one, exp(Wide(-1e-40))), "");
  EXPECT_EQ(objection(below_one, Wide(1.0)), "the open upper end is reached");
  EXPECT_EQ(objection(-below_one, Wide(-1.0)), "the open lower end is reached");
  EXPECT_EQ(objection(below_one, Wide(0.5)), "not enclosed");
}

template <typename T>
std::string ends(const T& x) {
  const auto text = [](mpfr_srcptr end) {
    return mpfr_nan_p(end) != 0 ? std::string("nan") : std::to_string(mpfr_get_d(end, MPFR_RNDN) + 0.0);
  };
  const std::string lower = text(x.lower());
  const std::string upper = text(x.upper());
  return (x.lower_open() ? "(" : "[") + lower + ", " + upper + (x.upper_open() ? ")" : "]");
}

TEST(Interval, ExactOperationsStayPoints) {
  EXPECT_EQ(ends(Narrow(0.75) + Narrow(-0.25)), "[0.500000, 0.500000]");
  EXPECT_EQ(ends(Narrow(3.0) * Narrow(-0.5)), "[-1.500000, -1.500000]");
  EXPECT_EQ(ends(Narrow(-3.0) / Narrow(4.0)), "[-0.750000, -0.750000]");
  EXPECT_EQ(ends(exp(Narrow(0.0))), "[1.000000, 1.000000]");
  EXPECT_EQ(ends(log(Narrow(1.0))), "[0.000000, 0.000000]");
  EXPECT_EQ(ends(log1p(Narrow(0.0))), "[0.000000, 0.000000]");
}

TEST(Interval, InexactOperationsAreOpenOnBothSides) {
  EXPECT_EQ(ends(Narrow(1.0) / Narrow(3.0)), "(0.333333, 0.333333)");
  EXPECT_EQ(ends(Narrow(-1.0) / Narrow(3.0)), "(-0.333333, -0.333333)");
  EXPECT_EQ(ends(exp(Narrow(1.0))), "(2.718282, 2.718282)");
  // Underflow: e^−2^80 is above 0 and at most MPFR's smallest number.
  EXPECT_EQ(ends(exp(Narrow(-0x1p80))), "(0.000000, 0.000000)");
}

TEST(Interval, Infinities) {
  const Narrow inf(infinity);
  EXPECT_EQ(ends(inf * Narrow(2.0)), "[inf, inf]");
  EXPECT_EQ(ends(inf * Narrow(-2.0)), "[-inf, -inf]");
  EXPECT_EQ(ends(-inf * Narrow(-2.0)), "[inf, inf]");
  EXPECT_EQ(ends(inf + Narrow(1.0)), "[inf, inf]");
  EXPECT_EQ(ends(inf / Narrow(2.0)), "[inf, inf]");
  EXPECT_EQ(ends(Narrow(1.0) / inf), "[0.000000, 0.000000]");
  EXPECT_EQ(ends(exp(inf)), "[inf, inf]");
  EXPECT_EQ(ends(exp(-inf)), "[0.000000, 0.000000]");
  EXPECT_EQ(ends(log(Narrow(0.0))), "[-inf, -inf]");
  EXPECT_EQ(ends(max(inf, Narrow(1.0))), "[inf, inf]");
  EXPECT_EQ(ends(min(inf, Narrow(1.0))), "[1.000000, 1.000000]");
  EXPECT_TRUE(is_nan(inf - inf));
  EXPECT_TRUE(is_nan(inf / inf));
}

TEST(Interval, NanGoesThroughEveryOperation) {
  const Narrow nan(std::nan(""));
  const Narrow one(1.0);
  for (const Narrow& result :
       {nan + one, one - nan, nan * one, Narrow(0.0) * nan, one / nan, nan / one, exp(nan), log(nan), log1p(nan),
        max(nan, one), max(one, nan), min(nan, one), min(one, nan), -nan}) {
    EXPECT_TRUE(is_nan(result));
  }
  EXPECT_TRUE(is_nan(log(Narrow(-1.0))));
}

// max([1 − δ, 1), 1) = 1: the open end of one argument is reached by the other.
TEST(Interval, MaximumAndMinimumReachAnEndThatEitherReaches) {
  const Narrow below = exp(Narrow(-1e-40));
  const Narrow above = exp(Narrow(1e-40));
  const Narrow one(1.0);
  EXPECT_FALSE(max(below, one).upper_open());
  EXPECT_FALSE(max(one, below).upper_open());
  EXPECT_FALSE(min(above, one).lower_open());
  EXPECT_FALSE(min(one, above).lower_open());
  // And an end that one of the two must pass is missed by the maximum.
  EXPECT_TRUE(max(above, one).lower_open());
  EXPECT_TRUE(max(one, above).lower_open());
}

TEST(Interval, SignsOfProductsAndQuotients) {
  const auto third = [](double sign) { return Narrow(sign) / Narrow(3.0); };
  for (const double a : {-1.0, 1.0}) {
    for (const double b : {-1.0, 1.0}) {
      const Narrow product = third(a) * third(b);
      const Narrow quotient = third(a) / third(b);
      EXPECT_EQ(mpfr_sgn(product.lower()), a * b) << a << " * " << b;
      EXPECT_EQ(mpfr_sgn(product.upper()), a * b);
      EXPECT_TRUE(product.lower_open() && product.upper_open());
      EXPECT_LE(mpfr_cmp_d(quotient.lower(), a * b), 0);
      EXPECT_GE(mpfr_cmp_d(quotient.upper(), a * b), 0);
    }
  }
  EXPECT_EQ(ends(Narrow(0.0) * third(1)), "[0.000000, 0.000000]");
  EXPECT_EQ(ends(third(-1) * Narrow(0.0)), "[0.000000, 0.000000]");
}

}  // namespace
}  // namespace lossaudit
