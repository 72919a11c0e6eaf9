// Contracts: their text, what is meaningful, what errors say, shapes and sizes.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>

#include "reference/contract.hpp"

namespace lossaudit {
namespace {

/// The error's text, or "" when there is none.
std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadInput& error) {
    return error.what();
  }
  return "";
}

void expect_names(const std::string& error, const std::vector<std::string>& words) {
  EXPECT_NE(error, "");
  EXPECT_EQ(error.find('\n'), std::string::npos) << "one line: " << error;
  for (const std::string& word : words) EXPECT_NE(error.find(word), std::string::npos) << word << " in: " << error;
}

std::string parse_error(const std::string& text) {
  return error_of([&] { parse_contract(text); });
}

/// Every combination of these values of the options.
std::vector<Options> all_options() {
  std::vector<Options> all = {Options{}};
  const auto times = [&all](auto member, auto... values) {
    std::vector<Options> next;
    for (const Options& options : all) {
      for (const auto& value : {values...}) {
        next.push_back(options);
        next.back().*member = value;
      }
    }
    all = std::move(next);
  };
  times(&Options::from_logits, false, true);
  times(&Options::axis, false, true);
  times(&Options::reduction, Reduction::none, Reduction::sum, Reduction::mean);
  times(&Options::epsilon, std::optional<double>(), std::optional<double>(1e-7), std::optional<double>(0.1));
  times(&Options::label_smoothing, 0.0, 0.1, 1.0);
  times(&Options::pos_weight, std::optional<double>(), std::optional<double>(2.5));
  times(&Options::ignore_index, std::optional<std::int64_t>(), std::optional<std::int64_t>(-100));
  times(&Options::class_weights, false, true);
  times(&Options::sample_weights, false, true);
  return all;
}

TEST(Contract, TextReadsBackToEveryMeaningfulContract) {
  const std::vector<Options> options = all_options();
  std::set<std::string> texts;
  std::size_t meaningful = 0;
  for (const FunctionTraits& function : functions()) {
    for (const DialectTraits& dialect : dialects()) {
      for (std::size_t i = 0; i < options.size(); ++i) {
        Contract contract{function.function, dialect.dialect, format_table[i % 4].format,
                          i % 3 == 0 ? Pass::gradient : Pass::forward, options[i]};
        const bool throws = !error_of([&] { validate(contract); }).empty();
        ASSERT_EQ(is_meaningful(contract), !throws) << to_string(contract);
        if (throws) continue;
        ++meaningful;
        const std::string text = to_string(contract);
        ASSERT_TRUE(texts.insert(text).second) << "two contracts with one text: " << text;
        ASSERT_EQ(parse_contract(text), contract) << text;
        ASSERT_EQ(parse_options(to_string(contract.options)), contract.options) << text;
      }
    }
  }
  EXPECT_GT(meaningful, 500U);
}

TEST(Contract, Texts) {
  Contract contract{Function::binary_crossentropy, Dialect::keras1, Format::f32, Pass::forward, {}};
  EXPECT_EQ(to_string(contract), "binary_crossentropy keras1 f32 forward");
  contract.options.from_logits = true;
  contract.options.reduction = Reduction::mean;
  EXPECT_EQ(to_string(contract), "binary_crossentropy keras1 f32 forward from_logits reduction=mean");
  EXPECT_EQ(parse_contract("  binary_crossentropy keras1   f32 forward reduction=mean from_logits "), contract)
      << "any order, any spaces";
  contract.options = {};
  contract.options.epsilon = 1e-7;
  contract.options.pos_weight = 0.1;
  EXPECT_EQ(to_string(contract.options), "epsilon=1e-07 pos_weight=0.1");
}

TEST(Contract, ErrorsNameTheNearest) {
  expect_names(parse_error("sigmod exact f32 forward"), {"'sigmod'", "sigmoid", "lossaudit list functions"});
  expect_names(parse_error("sigmoid keras f32 forward"), {"'keras'", "keras1", "lossaudit list dialects"});
  expect_names(parse_error("sigmoid exact float32 forward"), {"'float32'", "f32"});
  expect_names(parse_error("sigmoid exact f32 foward"), {"'foward'", "forward"});
  expect_names(parse_error("binary_crossentropy exact f32 forward from_logit"), {"'from_logit'", "from_logits"});
  expect_names(parse_error("binary_crossentropy exact f32 forward reduction=avg"), {"'avg'", "mean"});
  expect_names(parse_error("binary_crossentropy exact f32 forward reduction"), {"reduction", "needs a value"});
  expect_names(parse_error("binary_crossentropy exact f32 forward from_logits=1"), {"from_logits", "no value"});
  expect_names(parse_error("binary_crossentropy exact f32 forward pos_weight=two"), {"pos_weight", "'two'"});
  expect_names(parse_error("binary_crossentropy exact f32 forward pos_weight=nan"), {"pos_weight", "finite"});
  expect_names(parse_error("sparse_categorical_crossentropy exact f32 forward ignore_index=1.5"),
               {"ignore_index", "'1.5'"});
  expect_names(parse_error("sigmoid exact f32"), {"FUNCTION DIALECT FORMAT PASS"});
  expect_names(parse_error(""), {"FUNCTION DIALECT FORMAT PASS"});
  expect_names(parse_error("\x1b[31m\nsigmoid exact f32 forward"), {"unknown function"});
  EXPECT_LT(parse_error(std::string(100000, 'x') + " exact f32 forward").size(), 300U);
}

TEST(Contract, NearestNames) {
  const std::vector<std::string> known = {"relu", "sigmoid", "log_sigmoid", "softplus", "logit", "softmax"};
  EXPECT_EQ(nearest_names("sigmod", known, 1), std::vector<std::string>{"sigmoid"});
  EXPECT_EQ(nearest_names("sofmax", known, 1), std::vector<std::string>{"softmax"});
  EXPECT_EQ(nearest_names("relu", known, 1), std::vector<std::string>{"relu"});
  EXPECT_EQ(nearest_names("x", known, 2).size(), 2U);
  EXPECT_TRUE(nearest_names("x", {}, 3).empty());
}

TEST(Contract, OptionsThatMakeNoSense) {
  const struct {
    const char* text;
    std::vector<std::string> names;
  } rows[] = {
      {"softmax exact f32 forward pos_weight=2", {"softmax", "pos_weight"}},
      {"softmax exact f32 forward from_logits", {"softmax", "from_logits"}},
      {"softmax exact f32 forward reduction=mean", {"softmax", "reduction"}},
      {"softmax exact f32 forward sample_weights", {"softmax", "sample_weights"}},
      {"sigmoid exact f32 forward axis", {"sigmoid", "axis"}},
      {"sigmoid keras1 f32 forward", {"keras1", "sigmoid", "exact"}},
      {"mean_squared_error exact f32 forward label_smoothing=0.1", {"mean_squared_error", "label_smoothing"}},
      {"binary_crossentropy exact f32 forward class_weights", {"binary_crossentropy", "class_weights"}},
      {"binary_crossentropy exact f32 forward ignore_index=0", {"ignore_index"}},
      {"binary_crossentropy exact f32 forward epsilon=1e-7", {"exact", "epsilon"}},
      {"binary_crossentropy keras1 f32 forward from_logits epsilon=1e-7", {"epsilon", "from_logits"}},
      {"binary_crossentropy keras1 f32 forward epsilon=0.5", {"epsilon", "[0, 0.5)"}},
      {"binary_crossentropy keras1 f32 forward epsilon=-1e-7", {"epsilon", "[0, 0.5)"}},
      {"binary_crossentropy exact f32 forward label_smoothing=1.5", {"label_smoothing", "[0, 1]"}},
      {"cross_entropy_error exact f32 forward from_logits", {"cross_entropy_error", "from_logits"}},
  };
  for (const auto& row : rows) expect_names(parse_error(row.text), row.names);
}

TEST(ShapeAlong, EveryAxis) {
  const std::vector<std::size_t> dimensions = {2, 3, 4};
  EXPECT_EQ(shape_along(dimensions, 0), (Shape{1, 2, 12}));
  EXPECT_EQ(shape_along(dimensions, 1), (Shape{2, 3, 4}));
  EXPECT_EQ(shape_along(dimensions, 2), (Shape{6, 4, 1}));
  EXPECT_EQ(shape_along(dimensions, -1), (Shape{6, 4, 1}));
  EXPECT_EQ(shape_along(std::vector<std::size_t>{5}, 0), (Shape{1, 5, 1}));
}

TEST(ShapeAlong, ErrorsNameAxisAndRank) {
  const std::vector<std::size_t> dimensions = {2, 3, 4};
  for (const int axis : {3, -2, -3, 100, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    expect_names(error_of([&] { shape_along(dimensions, axis); }),
                 {"axis " + std::to_string(axis), "rank 3", "-1", "0 to 2"});
  }
  expect_names(error_of([] { shape_along({}, 0); }), {"rank 0"});
  expect_names(error_of([] { shape_along(std::vector<std::size_t>{2, 0}, 0); }), {"dimension 1 is 0"});
}

TEST(ShapeAlong, SizesThatOverflow) {
  constexpr std::size_t huge = std::size_t{1} << 32;
  for (const std::vector<std::size_t>& dimensions : {std::vector<std::size_t>{huge, huge},
                                                     {huge, huge, huge},
                                                     {std::numeric_limits<std::size_t>::max()},
                                                     {3, std::numeric_limits<std::size_t>::max() / 3 + 1}}) {
    EXPECT_NE(error_of([&] { shape_along(dimensions, 0); }), "");
    EXPECT_NE(error_of([&] { shape_along(dimensions, -1); }), "");
  }
}

TEST(Sizes, UnreducedAndResults) {
  const Shape shape{2, 3, 4};
  const auto sizes = [&](const char* text) {
    const Contract contract = parse_contract(text);
    return std::pair(unreduced_size(contract, shape), result_size(contract, shape));
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(sizes("sigmoid exact f32 forward"), Pair(24, 24));
  EXPECT_EQ(sizes("softmax exact f32 forward axis"), Pair(24, 24));
  EXPECT_EQ(sizes("logsumexp exact f32 forward axis"), Pair(8, 8));
  EXPECT_EQ(sizes("binary_crossentropy exact f32 forward"), Pair(24, 24));
  EXPECT_EQ(sizes("binary_crossentropy exact f32 forward reduction=mean"), Pair(24, 1));
  EXPECT_EQ(sizes("mean_squared_error exact f32 forward axis"), Pair(8, 8));
  EXPECT_EQ(sizes("mean_squared_error exact f32 forward axis reduction=sum"), Pair(8, 1));
  EXPECT_EQ(sizes("mean_squared_error exact f32 gradient axis reduction=sum"), Pair(8, 24));
}

TEST(ElementIndex, IsTheLayout) {
  const Shape shape{2, 3, 4};
  std::set<std::size_t> seen;
  for (std::size_t outer = 0; outer < 2; ++outer) {
    for (std::size_t inner = 0; inner < 4; ++inner) {
      for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t at = element_index(shape, outer * 4 + inner, i);
        EXPECT_EQ(at, (outer * 3 + i) * 4 + inner);
        seen.insert(at);
      }
    }
  }
  EXPECT_EQ(seen.size(), 24U);
}

/// A batch that fits the contract on (2, 3, inner).
Batch fitting(const Contract& contract, std::size_t inner) {
  Batch batch;
  batch.shape = {2, 3, inner};
  batch.output.resize(batch.shape.elements(), 0.25);
  if (traits(contract.function).target == TargetKind::dense) batch.target.resize(batch.shape.elements(), 0.5);
  if (traits(contract.function).target == TargetKind::labels) batch.labels.resize(batch.shape.rows(), 1);
  if (contract.options.class_weights) batch.class_weights.resize(3, 1);
  if (contract.options.sample_weights) batch.sample_weights.resize(unreduced_size(contract, batch.shape), 1);
  return batch;
}

TEST(ValidateBatch, EveryTensorsSize) {
  for (const char* text : {"sigmoid exact f32 forward", "softmax exact f32 forward axis",
                           "binary_crossentropy exact f32 forward sample_weights",
                           "categorical_crossentropy exact f32 forward axis class_weights sample_weights",
                           "sparse_categorical_crossentropy exact f32 forward axis class_weights sample_weights"}) {
    const Contract contract = parse_contract(text);
    const Batch good = fitting(contract, 4);
    EXPECT_EQ(error_of([&] { validate(contract, good); }), "") << text;
    const auto broken = [&](const char* name, auto change) {
      Batch batch = good;
      change(batch);
      expect_names(error_of([&] { validate(contract, batch); }), {name});
    };
    broken("output", [](Batch& b) { b.output.pop_back(); });
    broken("output", [](Batch& b) { b.output.push_back(0); });
    broken("target", [](Batch& b) { b.target.push_back(0); });
    broken("labels", [](Batch& b) { b.labels.push_back(0); });
    broken("class_weights", [](Batch& b) { b.class_weights.push_back(0); });
    broken("sample_weights", [](Batch& b) { b.sample_weights.push_back(0); });
    broken("upstream", [](Batch& b) { b.upstream.push_back(1); });
  }
}

TEST(ValidateBatch, Shapes) {
  const Contract contract = parse_contract("softmax exact f32 forward");
  Batch batch = fitting(contract, 4);
  expect_names(error_of([&] { validate(contract, batch); }), {"axis"});
  for (const Shape& shape : {Shape{0, 3, 1}, Shape{2, 0, 1}, Shape{2, 3, 0}}) {
    batch = Batch{};
    batch.shape = shape;
    expect_names(error_of([&] { validate(contract, batch); }), {"empty"});
  }
}

TEST(ValidateBatch, ShapesWhoseSizeWrapsAround) {
  const Contract contract = parse_contract("softmax exact f32 forward axis");
  Batch batch;
  // 3 · 12297829382473034411 = 2^65 + 1, which is 1 in 64 bits.
  for (const Shape& shape :
       {Shape{3, 12297829382473034411U, 1}, Shape{1, 3, 12297829382473034411U}, Shape{12297829382473034411U, 1, 3}}) {
    batch.shape = shape;
    batch.output.assign(shape.elements(), 0.0);
    EXPECT_NE(error_of([&] { validate(contract, batch); }), "");
  }
}

TEST(Tables, AreInTheOrderOfTheirEnumerations) {
  for (std::size_t i = 0; i < functions().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(functions()[i].function), i);
    EXPECT_EQ(parse_function(functions()[i].name), functions()[i].function);
    EXPECT_EQ(&traits(functions()[i].function), &functions()[i]);
  }
  for (std::size_t i = 0; i < dialects().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(dialects()[i].dialect), i);
    EXPECT_EQ(parse_dialect(dialects()[i].name), dialects()[i].dialect);
    EXPECT_FALSE(dialects()[i].source.empty());
  }
}

}  // namespace
}  // namespace lossaudit
