// reference/semantics.md sentence by sentence: options, domains, denominators, each dialect's constants and gradients. A
// row is a case, what is due by hand, and the sentence that says so. Special values have a table of their own
// (special_values.cpp).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = HUGE_VAL;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What is due, to some 10 significant digits.
struct Due {
  double value;
  bool recommended = false;
};
Due recommended(double value) { return {value, true}; }

struct Row {
  const char* contract;
  Shape shape;
  std::vector<double> output, target;
  std::vector<std::int64_t> labels;
  std::vector<double> class_weights, sample_weights;
  std::vector<Due> due;
  const char* sentence;
};

std::vector<Due> due(std::initializer_list<double> values) {
  std::vector<Due> all;
  for (const double value : values) all.push_back({value});
  return all;
}

const double ln2 = std::log(2.0);
const double ln3 = std::log(3.0);
const double ln4 = std::log(4.0);

// clang-format off
const Row rows[] = {
    // Options
    {"binary_crossentropy exact f32 forward reduction=sum label_smoothing=1e-30", {1, 2, 1}, {1, 1}, {1, 0}, {}, {}, {}, due({infinity}),
     "a positive coefficient is positive, however small"},
    // Domains
    {"categorical_crossentropy exact f32 forward from_logits", {1, 2, 1}, {0, 0}, {-2, 4}, {}, {}, {}, due({2 * ln2}),
     "targets are any real numbers"},
    // Options
    {"binary_crossentropy exact f64 forward label_smoothing=0.5", {1, 1, 1}, {0.25}, {1}, {}, {}, {}, due({0.75 *
     std::log(4.0) + 0.25 * std::log(4.0 / 3)}), "t′ = (1 − α) t + α / 2"},
    {"categorical_crossentropy exact f64 forward label_smoothing=0.75", {1, 3, 1}, {0.5, 0.25, 0.25}, {1, 0, 0}, {},
     {}, {}, due({0.5 * ln2 + 0.25 * ln4 + 0.25 * ln4}), "t′ = (1 − α) t + α / K"},
    {"sparse_categorical_crossentropy exact f64 forward label_smoothing=0.75", {1, 3, 1}, {0.5, 0.25, 0.25}, {}, {0},
     {}, {}, due({0.5 * ln2 + 0.25 * ln4 + 0.25 * ln4}), "a label is smoothed as its one-hot vector"},
    {"binary_crossentropy exact f64 forward pos_weight=3", {1, 2, 1}, {0.25, 0.25}, {1, 0}, {}, {}, {}, due({3 * ln4,
     std::log(4.0 / 3)}), "w multiplies the first term alone"},
    {"binary_crossentropy exact f64 forward from_logits pos_weight=2", {1, 1, 1}, {0.5}, {0.5}, {}, {}, {},
     due({0.9611154763}), "Paddle PR#54869 without its weight of 0.5: 0.48056 is half of it"},
    {"categorical_crossentropy exact f64 forward class_weights", {1, 2, 1}, {0.5, 0.5}, {0.25, 0.75}, {}, {4, 8}, {},
     due({7 * ln2}), "each term of the sum over classes is multiplied by its w"},
    {"sparse_categorical_crossentropy exact f64 forward class_weights", {2, 2, 1}, {0.5, 0.5, 0.25, 0.75}, {}, {0, 0},
     {4, 8}, {}, due({4 * ln2, 4 * ln4}), "the label's weight"},
    {"cross_entropy_error exact f64 forward class_weights", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {2, 4}, {}, due({2 *
     ln2 + 4 * ln4}), "class weights of cross_entropy_error"},
    {"binary_crossentropy exact f64 forward sample_weights", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {}, {2, 0.5}, due({2
     * ln2, 0.5 * ln4}), "one for each loss before reduction, which it multiplies"},
    {"sparse_categorical_crossentropy exact f64 forward ignore_index=-100 reduction=sum", {2, 2, 1}, {nan, 0.5, 0.5,
     0.5}, {}, {-100, 0}, {}, {}, due({ln2}), "and counts nowhere"},
    {"binary_crossentropy exact bf16 forward pos_weight=1.00390625", {1, 1, 1}, {0.5}, {1}, {}, {}, {}, due({ln2}),
     "scalars are rounded to the format first: 1 + 2^-8 is 1 in bf16"},
    {"binary_crossentropy exact f32 forward label_smoothing=1e-50", {1, 1, 1}, {0}, {0}, {}, {}, {}, due({0}),
     "1e-50 is 0 in f32, and 0 · ln 0 = 0"},

    // Reductions and denominators
    {"binary_crossentropy exact f64 forward reduction=sum", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {}, {}, due({3 *
     ln2}), "sum"},
    {"binary_crossentropy exact f64 forward reduction=mean", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {}, {}, due({1.5 *
     ln2}), "mean of all elements"},
    {"mean_squared_error exact f64 forward", {2, 2, 1}, {1, 2, 3, 4}, {0, 0, 0, 0}, {}, {}, {}, due({2.5, 12.5}),
     "divides by the number of classes"},
    {"mean_squared_error exact f64 forward axis", {1, 2, 2}, {1, 2, 3, 4}, {0, 0, 0, 0}, {}, {}, {}, due({5, 10}),
     "along the class axis"},
    {"mean_squared_error exact f64 forward axis", {1, 1, 2}, {3, 4}, {1, 1}, {}, {}, {}, due({4, 9}),
     "rows laid out (outer, inner)"},
    {"binary_crossentropy exact f64 forward reduction=mean sample_weights", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {},
     {3, 1}, due({1.25 * ln2}), "exact: D = Σ s"},
    {"binary_crossentropy keras1 f64 forward reduction=mean sample_weights", {1, 3, 1}, {0.5, 0.25, 0.5}, {1, 1, 1},
     {}, {}, {3, 1, 0}, due({2.5 * ln2}), "keras1: D = the number of rows whose weight is not 0"},
    {"sparse_categorical_crossentropy exact f64 forward reduction=mean class_weights", {2, 2, 1}, {0.5, 0.5, 0.75,
     0.25}, {}, {0, 1}, {3, 1}, {}, due({1.25 * ln2}), "D = Σ s c, c the label's class weight"},
    {"categorical_crossentropy exact f64 forward reduction=mean class_weights", {2, 2, 1}, {0.5, 0.5, 0.75, 0.25}, {1,
     0, 0, 1}, {}, {3, 1}, {}, due({1.25 * ln2}), "so hard labels and their one-hot vectors agree"},
    {"categorical_crossentropy exact f64 forward reduction=mean class_weights label_smoothing=1", {1, 2, 1}, {0.5,
     0.5}, {1, 0}, {}, {4, 12}, {}, due({2 * ln2}), "t before smoothing"},
    {"sparse_categorical_crossentropy keras1 f64 forward reduction=mean class_weights", {2, 2, 1}, {0.5, 0.5, 0.75,
     0.25}, {}, {0, 1}, {3, 1}, {}, due({2.5 * ln2}), "keras1 counts rows, not weights"},
    {"sparse_categorical_crossentropy exact f64 forward reduction=mean ignore_index=0", {3, 2, 1}, {0.5, 0.5, nan,
     nan, 0.75, 0.25}, {}, {1, 0, 1}, {}, {}, due({1.5 * ln2}), "over the kept rows"},
    {"sparse_categorical_crossentropy exact f64 forward reduction=mean ignore_index=0 label_smoothing=0.5", {2, 2, 1},
     {0.5, 0.5, 0.75, 0.25}, {}, {1, 0}, {}, {}, due({ln2}), "pytorch#73205: the result with the rows dropped"},
    // keras1: lo = round(ε), hi = round(1 − ε)
    {"binary_crossentropy keras1 f32 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({16.11809565, 15.94238515}),
     "in f32 the caps are not symmetric: 16.118096 and 15.942385"},
    {"binary_crossentropy keras1 f64 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({16.11809565, 16.11809565}),
     "in f64 they nearly are"},
    {"binary_crossentropy keras1 f16 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({23 * ln2, infinity}),
     "in f16 1e-7 is 2^-23, and 1 − ε is 1"},
    {"binary_crossentropy keras1 bf16 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({16.11692457, infinity}),
     "in bf16 1e-7 is 215 · 2^-31, and 1 − ε is 1"},
    {"binary_crossentropy keras1 f32 forward", {1, 2, 1}, {0, 1}, {0, 1}, {}, {}, {}, due({1.000000061686102e-7,
     1.192092966562e-7}), "a clipped right answer keeps a loss"},
    {"binary_crossentropy keras1 f32 forward epsilon=0.25", {1, 4, 1}, {0, 0.25, 0.5, 1}, {1, 1, 1, 1}, {}, {}, {},
     due({ln4, ln4, ln2, std::log(4.0 / 3)}), "the option epsilon"},
    {"binary_crossentropy keras1 f32 forward from_logits", {1, 2, 1}, {-100, 100}, {1, 1}, {}, {}, {}, due({100,
     3.720075976e-44}), "from logits as exact: no clip"},
    {"categorical_crossentropy keras1 f32 forward", {1, 3, 1}, {0, 2, 2}, {0, 1, 0}, {}, {}, {}, due({ln2}),
     "q = o / Σo before the clip"},
    {"categorical_crossentropy keras1 f32 forward", {1, 3, 1}, {0, 2, 2}, {1, 0, 0}, {}, {}, {}, due({16.11809565}),
     "the clip after it"},
    {"categorical_crossentropy keras1 f32 forward epsilon=0.25", {1, 2, 1}, {1, 7}, {1, 0}, {}, {}, {}, due({ln4}),
     "and no sum after the clip"},
    {"sparse_categorical_crossentropy keras1 f32 forward epsilon=0.25", {1, 2, 1}, {0, 0.5}, {}, {0}, {}, {},
     due({ln3}), "sparse: the clip first, then the sum"},
    {"sparse_categorical_crossentropy keras1 f32 forward epsilon=0.25", {1, 3, 1}, {0, 0, 9}, {}, {2}, {}, {},
     due({std::log(5.0 / 3)}), "sparse: clip(9) = 3/4 of 5/4"},
    {"categorical_crossentropy keras1 f32 forward from_logits", {2, 3, 1}, {300, 100, 100, -100, 200, 500}, {1, 0, 0,
     0, 1, 0}, {}, {}, {}, due({2.767793053473e-87, 300}), "keras#7563 from its logits: far beyond the cap"},

    // keras2: as keras1, and binary adds lo inside both logarithms
    {"binary_crossentropy keras2 f32 forward", {1, 4, 1}, {0, 1, 1, 0}, {1, 0, 1, 0}, {}, {}, {},
     due({15.4249484587, 15.3332388981, 1.92092885667e-8, 0}), "ln(p + lo) and ln(1 - p + lo) after the clip"},
    {"binary_crossentropy keras2 f16 forward", {1, 2, 1}, {0.5, 1}, {1, 1}, {}, {}, {},
     due({0.693146942141, -1.19209282445e-7}), "without an upper clip a certain and right answer is below 0"},
    {"binary_crossentropy keras2 f32 gradient", {1, 2, 1}, {0.25, 0.5}, {1, 0}, {}, {}, {},
     due({-3.99999840000, 1.99999960000}), "-1/(p + lo) and 1/(1 - p + lo)"},
    {"binary_crossentropy keras2 f32 forward from_logits", {1, 1, 1}, {-100}, {1}, {}, {}, {}, due({100}),
     "from logits as exact"},
    {"sparse_categorical_crossentropy keras2 f32 forward epsilon=0.25", {1, 2, 1}, {0, 0.5}, {}, {0}, {}, {},
     due({ln3}), "sparse: the clip first, then the sum"},
    {"categorical_crossentropy keras2 f32 forward epsilon=0.25", {1, 2, 1}, {0, 0.5}, {1, 0}, {}, {}, {}, due({ln4}),
     "categorical: the sum first, then the clip"},
    {"binary_crossentropy keras2 f64 forward from_logits reduction=mean sample_weights", {1, 3, 1}, {0, 0, 0},
     {1, 1, 1}, {}, {}, {3, 1, 0}, due({4 * ln2 / 3}), "keras2: D = the number of rows"},

    // keras3: clip, then the plain logarithm
    {"binary_crossentropy keras3 f32 forward", {1, 4, 1}, {0, 1, 0, 1}, {1, 0, 0, 1}, {}, {}, {},
     due({16.1180956393, 15.9423851529, 1.000000061686102e-7, 1.192092966562e-7}), "the caps of the clip alone"},
    {"binary_crossentropy keras3 f64 gradient", {1, 3, 1}, {0.25, 0, 0.5}, {1, 1, 0}, {}, {}, {}, due({-4, 0, 2}),
     "the derivative inside the clip, 0 outside"},
    {"sparse_categorical_crossentropy keras3 f32 forward epsilon=0.25", {1, 2, 1}, {0, 0.5}, {}, {0}, {}, {},
     due({ln4}), "sparse: the sum first, then the clip"},
    {"sparse_categorical_crossentropy keras3 f64 gradient", {1, 2, 1}, {0.25, 0.75}, {}, {0}, {}, {}, due({-3, 1}),
     "1/sum - t/o through the sum"},
    {"sparse_categorical_crossentropy keras3 f64 forward from_logits reduction=mean sample_weights", {3, 2, 1},
     {0, 0, 0, 0, 0, 0}, {}, {0, 1, 0}, {}, {3, 1, 0}, due({4 * ln2 / 3}), "keras3: D = the number of kept rows"},

    // tf: the raw ops
    {"categorical_crossentropy tf f64 forward from_logits", {1, 2, 1}, {0, 0}, {1, 1}, {}, {}, {}, due({2 * ln2}),
     "forward as exact, whatever the targets sum to"},
    {"categorical_crossentropy tf f64 gradient from_logits", {2, 2, 1}, {0, 0, 0, 0}, {1, 1, 0.25, 0.25}, {}, {}, {},
     due({-0.5, -0.5, 0.25, 0.25}), "its gradient is softmax(x) - t, whatever the targets sum to"},
    {"categorical_crossentropy exact f64 gradient from_logits", {2, 2, 1}, {0, 0, 0, 0}, {1, 1, 0.25, 0.25}, {}, {},
     {}, due({0, 0, 0, 0}), "where the derivative is softmax(x) sum t - t"},
    {"sparse_categorical_crossentropy tf f64 gradient from_logits", {1, 2, 1}, {0, 0}, {}, {1}, {}, {},
     due({0.5, -0.5}), "sparse_xent_op"},

    // torch: logarithms floored at -100, a gradient with a bounded quotient
    {"binary_crossentropy torch f32 forward", {1, 4, 1}, {0, 0x1p-149, 0x1p-144, 1}, {1, 1, 1, 0}, {}, {}, {},
     due({100, 100, 99.8131940006, 100}), "the logarithm is at least -100"},
    {"binary_crossentropy torch f64 gradient", {1, 4, 1}, {0x1p-50, 0x1p-20, 0.25, 0}, {1, 1, 0, 0}, {}, {}, {},
     due({-1000000003995.8019275379980, -1048576, 4.0 / 3, 0}), "(o - t)/max((1 - o) o, 1e-12 as a float)"},
    {"sparse_categorical_crossentropy torch f64 forward from_logits reduction=mean class_weights sample_weights",
     {2, 2, 1}, {0, 0, 0, 0}, {}, {0, 1}, {3, 1}, {2, 1}, due({1.75 * ln2}), "D = the labels' class weights alone"},
    {"categorical_crossentropy torch f64 forward from_logits reduction=mean class_weights", {2, 2, 1}, {0, 0, 0, 0},
     {1, 0, 0, 1}, {}, {3, 1}, {}, due({2 * ln2}), "soft targets have no labels: D = the rows"},
    {"binary_crossentropy torch f64 forward reduction=mean sample_weights", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {},
     {3, 1}, due({2.5 * ln2}), "nor has the binary loss: D = the elements"},

    // optax: the formulas of exact; D = the weights
    {"categorical_crossentropy optax f64 forward from_logits", {1, 2, 1}, {0, 0}, {0.5, 0.5}, {}, {}, {}, due({ln2}),
     "-sum t log_softmax"},
    {"categorical_crossentropy optax f64 forward from_logits label_smoothing=0.5", {1, 2, 1}, {-infinity, 0}, {0, 1},
     {}, {}, {}, {recommended(infinity)}, "a smoothed target of 0 is none, and multiplies -inf to the loss's +inf"},
    {"sparse_categorical_crossentropy optax f64 gradient from_logits", {1, 2, 1}, {0, 0}, {}, {0}, {}, {},
     due({-0.5, 0.5}), "logsumexp - x_label"},
    {"binary_crossentropy optax f64 forward from_logits reduction=mean sample_weights", {1, 2, 1}, {0, 0}, {1, 1}, {},
     {}, {3, 1}, due({ln2}), "D = the weights"},

    // onnx: SoftmaxCrossEntropyLoss
    {"sparse_categorical_crossentropy onnx f64 forward from_logits reduction=mean class_weights ignore_index=-1",
     {3, 2, 1}, {0, 0, 9, 9, 0, 0}, {}, {0, -1, 1}, {3, 1}, {}, due({ln2}), "D = the kept labels' class weights"},
    {"sparse_categorical_crossentropy onnx f64 forward from_logits reduction=mean class_weights sample_weights",
     {2, 2, 1}, {0, 0, 0, 0}, {}, {0, 1}, {3, 1}, {2, 1}, due({1.75 * ln2}), "which sample weights are no part of"},
    {"sparse_categorical_crossentropy onnx f64 gradient from_logits reduction=mean ignore_index=-1", {3, 2, 1},
     {0, 0, 9, 9, 0, 0}, {}, {0, -1, 1}, {}, {}, due({-0.25, 0.25, 0, 0, 0.25, -0.25}), "the gradient divides by D too"},

    // sklearn: the clip is at the format's eps, before the sum
    {"binary_crossentropy sklearn f64 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({52 * ln2, 52 * ln2}),
     "eps of binary64"},
    {"binary_crossentropy sklearn f32 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({23 * ln2, 23 * ln2}),
     "eps of binary32"},
    {"binary_crossentropy sklearn f16 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({10 * ln2, 10 * ln2}),
     "eps of binary16: a clip on both sides"},
    {"binary_crossentropy sklearn bf16 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({7 * ln2, 7 * ln2}),
     "eps of bfloat16"},
    {"categorical_crossentropy sklearn f64 forward epsilon=0.25", {1, 2, 1}, {0, 0.5}, {1, 0}, {}, {}, {}, due({ln3}),
     "the clip first, then the sum"},
    {"categorical_crossentropy sklearn f64 gradient epsilon=0.25", {1, 2, 1}, {0, 0.5}, {1, 0}, {}, {}, {},
     due({0, 4.0 / 3}), "1/(1/4 + 1/2) for the output that the clip passes"},
    {"binary_crossentropy sklearn f64 forward reduction=mean sample_weights", {1, 2, 1}, {0.5, 0.25}, {1, 1}, {}, {},
     {3, 1}, due({1.25 * ln2}), "D = the weights"},

    // tfjs: epsilon per format; from logits softmax, clip, ln
    {"binary_crossentropy tfjs f32 forward", {1, 2, 1}, {0, 1}, {1, 0}, {}, {}, {}, due({16.1180956393, 15.9423851529}),
     "1e-7 in f32"},
    {"binary_crossentropy tfjs f16 forward", {1, 1, 1}, {0}, {1}, {}, {}, {}, due({9.21017444641}), "1e-4 in f16"},
    {"categorical_crossentropy tfjs f32 forward from_logits", {1, 2, 1}, {0, 100}, {1, 0}, {}, {}, {},
     due({16.1180956393}), "softmax, clip, ln: capped"},
    {"categorical_crossentropy tfjs f64 gradient from_logits", {2, 2, 1}, {0, 0, 0, 100}, {1, 0, 1, 0}, {}, {}, {},
     due({-0.5, 0.5, 0, 0}), "and its gradient stopped there"},
    {"binary_crossentropy tfjs f64 forward reduction=mean sample_weights", {1, 3, 1}, {0.5, 0.25, 0.5}, {1, 1, 1}, {},
     {}, {3, 1, 0}, due({2.5 * ln2}), "tfjs: D = the number of rows whose weight is not 0"},
};
// clang-format on

TEST(Semantics, EverySentence) {
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.contract) + ": " + row.sentence);
    const Contract contract = parse_contract(row.contract);
    Batch batch;
    batch.shape = row.shape;
    batch.output = row.output;
    batch.target = row.target;
    batch.labels = row.labels;
    batch.class_weights = row.class_weights;
    batch.sample_weights = row.sample_weights;
    const std::vector<Expected> results = expect(contract, batch);
    const std::vector<Exact> explained = explain(contract, batch, 20);
    ASSERT_EQ(results.size(), row.due.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      SCOPED_TRACE("result " + std::to_string(i));
      const double value = row.due[i].value;
      const Expected& e = results[i];
      EXPECT_EQ(explained[i].kind, e.kind);
      EXPECT_EQ(explained[i].recommended, e.recommended);
      if (std::isnan(value)) {
        EXPECT_EQ(e.kind, Expected::Kind::nan);
        EXPECT_EQ(explained[i].decimal, "nan");
        continue;
      }
      EXPECT_EQ(e.recommended, row.due[i].recommended);
      if (std::isinf(value)) {
        EXPECT_EQ(e.kind, Expected::Kind::infinity);
        EXPECT_EQ(e.rounded, value);
        EXPECT_EQ(explained[i].decimal, value > 0 ? "inf" : "-inf");
        continue;
      }
      ASSERT_EQ(e.kind, Expected::Kind::number);
      EXPECT_TRUE(e.proved);
      EXPECT_NEAR(std::stod(explained[i].decimal), value, std::fabs(value) * 1e-9);
      // What is within an ulp or so of the number due, whichever way it was found.
      EXPECT_LE(ulp_error(contract.format, e, round_to(contract.format, value)),
                contract.format == Format::f64 ? 1e7 : 0.6);
    }
  }
}

/// The reference's own caps of losses.md, from the format's constants alone.
TEST(Semantics, CapsOfKerasInF32) {
  const double lo = round_to(Format::f32, 1e-7);
  const double hi = round_to(Format::f32, 1 - 1e-7);
  EXPECT_EQ(hi, 1 - 0x1p-23);
  EXPECT_NEAR(-std::log(lo), 16.118096, 5e-7);
  EXPECT_NEAR(-std::log(1 - hi), 15.942385, 5e-7);
  EXPECT_EQ(round_to(Format::f16, 1 - 1e-7), 1);
  EXPECT_EQ(round_to(Format::bf16, 1 - 1e-7), 1);
}

TEST(Semantics, TheFaceOfTheReference) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  Batch batch;
  batch.output = {round_to(Format::f32, -103.97)};
  const Exact exact = explain(contract, batch, 40).at(0);
  ASSERT_EQ(exact.each.size(), std::size(format_table));
  EXPECT_EQ(exact.each[1].rounded, 0x1p-149);
  EXPECT_EQ(exact.each[2].rounded, 0);
  EXPECT_EQ(exact.decimal.substr(0, 4), "7.02");
  EXPECT_EQ(exact.decimal.substr(exact.decimal.find('e')), "e-46");
}

TEST(Semantics, ExplainRefusesSillyDigits) {
  const Contract contract = parse_contract("relu exact f32 forward");
  Batch batch;
  batch.output = {1};
  EXPECT_THROW(explain(contract, batch, 0), BadInput);
  EXPECT_THROW(explain(contract, batch, -1), BadInput);
  EXPECT_THROW(explain(contract, batch, 1000000), BadInput);
  EXPECT_EQ(explain(contract, batch, 1000).at(0).decimal, "1");
}

}  // namespace
}  // namespace lossaudit
