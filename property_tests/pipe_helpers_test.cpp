// The helpers for programs: what is asked arrives there, and what is answered comes back, shared or sent.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "audit/pipe_message.hpp"
#include "property_tests/faults/echo.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;
using Kind = Outcome::Kind;

/// A helper, and the program of the tests that uses it.
struct Helper {
  const char* name;
  const char* file;             ///< of the helper, in adapters/
  const char* command;          ///< {0}: the helper's path; {1}: its folder; {2}: the folder of the echoing programs
  std::vector<Format> formats;  ///< in whose numbers it computes; of the others it carries the bits
};
const Helper helpers[] = {
    {"Python",
     "python/lossaudit_pipe.py",
     "PYTHONPATH='{1}' PYTHONDONTWRITEBYTECODE=1 " PYTHON " '{2}/echo.py' ",
     {Format::f64, Format::f32, Format::f16, Format::bf16}},
#ifdef NODE
    {"JavaScript",
     "javascript/lossaudit_pipe.mjs",
     "HELPER='{0}' " NODE " '{2}/echo.mjs' ",
     {Format::f64, Format::f32}},
#endif
};
void PrintTo(const Helper& helper, std::ostream* out) { *out << helper.name; }

class PipeHelper : public testing::TestWithParam<Helper> {
 protected:
  static std::unique_ptr<Subject> echo(const std::string& arguments) {
    const fs::path file = fs::path(ADAPTERS) / GetParam().file;
    const std::string program =
        fmt::format(fmt::runtime(GetParam().command), file.string(), file.parent_path().string(), FAULTS_FOLDER);
    return open_program(program + arguments);
  }
};
INSTANTIATE_TEST_SUITE_P(Program, PipeHelper, testing::ValuesIn(helpers),
                         [](const auto& info) { return info.param.name; });

std::vector<double> values(Format format, std::size_t count, std::mt19937_64& random) {
  std::vector<double> values(count);
  for (double& value : values) value = round_to(format, std::normal_distribution(0.0, 10.0)(random));
  return values;
}

Batch batch_of(const Contract& contract, const Shape& shape, std::mt19937_64& random) {
  const FunctionTraits& f = traits(contract.function);
  Batch batch;
  batch.shape = shape;
  batch.output = values(contract.format, shape.elements(), random);
  if (f.target == TargetKind::dense) batch.target = values(contract.format, shape.elements(), random);
  if (f.target == TargetKind::labels) {
    for (std::size_t i = 0; i < shape.rows(); ++i)
      batch.labels.push_back(static_cast<std::int64_t>(random() % 1000) - 100);
  }
  if (contract.options.class_weights) batch.class_weights = values(contract.format, shape.classes, random);
  if (contract.options.sample_weights) {
    batch.sample_weights = values(contract.format, unreduced_size(contract, shape), random);
  }
  if (contract.pass == Pass::gradient) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    batch.upstream = values(contract.format, result_size(forward, shape), random);
  }
  return batch;
}

/// What the fingerprint of the echoing programs is.
class Fingerprint {
 public:
  void add(const std::string& text) { hash_.add(text.data(), text.size()); }
  void add(double number) { hash_.add(number); }
  void add(const std::vector<std::size_t>& dimensions, const std::vector<double>& values) {
    if (values.empty()) return;
    for (const std::size_t size : dimensions) hash_.add(static_cast<std::int64_t>(size));
    for (const double value : values) hash_.add(value);
  }
  [[nodiscard]] double at(std::size_t i) const {
    faults::Hash hash = hash_;
    hash.add(static_cast<std::int64_t>(i));
    return static_cast<double>(hash.value() % 256);
  }

 private:
  faults::Hash hash_;
};

std::vector<double> fingerprint(const Contract& contract, const Batch& batch, const std::string& result_shape) {
  const Options& o = contract.options;
  const auto dimensions = [&](Tensor tensor) { return pipe::dimensions(tensor, contract, batch.shape); };
  Fingerprint print;
  print.add(fmt::format("{} {} {} {} {} {} {} 1 {} {}", to_string(contract), traits(contract.function).name,
                        traits(contract.dialect).name, traits(contract.format).name, to_string(contract.pass),
                        to_string(o.reduction), o.from_logits ? 1 : 0,
                        o.ignore_index ? std::to_string(*o.ignore_index) : "none", result_shape));
  for (const double number : {clip_epsilon(contract), o.label_smoothing, o.pos_weight.value_or(1)}) print.add(number);
  print.add(dimensions(Tensor::output), batch.output);
  print.add(dimensions(Tensor::target), batch.target);
  print.add(dimensions(Tensor::labels), std::vector<double>(batch.labels.begin(), batch.labels.end()));
  print.add(dimensions(Tensor::class_weights), batch.class_weights);
  print.add(dimensions(Tensor::sample_weights), batch.sample_weights);
  print.add(dimensions(Tensor::upstream), batch.upstream);
  std::vector<double> results(result_size(contract, batch.shape));
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = print.at(i);
  return results;
}

struct Asked {
  const char* contract;  ///< without its format
  Shape shape;
  const char* result_shape;
};
constexpr Asked asked[] = {
    {"sigmoid exact {} forward", {1, 1, 1}, "[1]"},
    {"sigmoid exact {} forward", {3, 5, 2}, "[30]"},
    {"logit exact {} gradient", {1, 300, 1}, "[300]"},
    {"softmax exact {} gradient", {3, 5, 1}, "[3, 5]"},
    {"softmax exact {} forward axis", {3, 5, 2}, "[3, 5, 2]"},
    {"logsumexp exact {} forward", {3, 5, 1}, "[3]"},
    {"logsumexp exact {} forward axis", {3, 5, 2}, "[3, 2]"},
    {"logsumexp exact {} gradient axis", {3, 5, 1}, "[3, 5, 1]"},
    {"binary_crossentropy keras1 {} forward epsilon=0.25 label_smoothing=0.1 pos_weight=3", {2, 3, 1}, "[6]"},
    {"binary_crossentropy exact {} gradient from_logits reduction=sum sample_weights", {2, 3, 1}, "[6]"},
    {"mean_squared_error exact {} gradient reduction=mean", {2, 3, 1}, "[2, 3]"},
    {"categorical_crossentropy exact {} forward axis reduction=mean class_weights", {2, 3, 2}, "[]"},
    {"sparse_categorical_crossentropy exact {} forward ignore_index=-100 sample_weights", {4, 3, 1}, "[4]"},
    {"sparse_categorical_crossentropy exact {} gradient axis reduction=mean ignore_index=-100 class_weights "
     "sample_weights",
     {4, 3, 2},
     "[4, 3, 2]"},
};

TEST_P(PipeHelper, WhatIsAskedArrives) {
  for (const char* way : {"fingerprint", "fingerprint sent"}) {
    const std::unique_ptr<Subject> subject = echo(way);
    std::mt19937_64 random(1);
    for (const Format format : GetParam().formats) {
      for (const Asked& row : asked) {
        const Contract contract = parse_contract(fmt::format(fmt::runtime(row.contract), traits(format).name));
        const Batch batch = batch_of(contract, row.shape, random);
        std::vector<double> results(result_size(contract, batch.shape));
        const Outcome outcome = subject->compute(contract, batch, results);
        EXPECT_EQ(outcome.kind, Kind::computed) << way << ": " << to_string(contract) << ": " << outcome.detail;
        EXPECT_EQ(results, fingerprint(contract, batch, row.result_shape)) << way << ": " << to_string(contract);
        Batch other = batch;
        other.output.back() = other.output.back() == 1 ? 2 : 1;
        EXPECT_NE(results, fingerprint(contract, other, row.result_shape)) << "the comparison can fail";
      }
    }
  }
}

TEST_P(PipeHelper, EveryValueComesBack) {
  for (const char* way : {"copy", "copy sent"}) {
    const std::unique_ptr<Subject> subject = echo(way);
    for (const Format format : {Format::f64, Format::f32, Format::f16, Format::bf16}) {
      Contract contract;
      contract.format = format;
      Batch batch;
      std::mt19937_64 random(2);
      for (std::uint64_t i = 0; i < 65536; ++i) {
        batch.output.push_back(
            decode(format, traits(format).bytes == 2 ? i : random() >> (64 - traits(format).bytes * 8)));
      }
      batch.shape = {1, batch.output.size(), 1};
      std::vector<double> results(batch.output.size());
      const Outcome outcome = subject->compute(contract, batch, results);
      ASSERT_EQ(outcome.kind, Kind::computed) << outcome.detail;
      for (std::size_t i = 0; i < results.size(); ++i) {
        // Conversions of formats quiet a NaN.
        if (std::isnan(batch.output[i]) ? std::isnan(results[i]) : results[i] == batch.output[i]) continue;
        ADD_FAILURE() << way << ": " << to_hex(format, batch.output[i]) << " came back as "
                      << to_hex(format, results[i]);
        break;
      }
    }
  }
}

Outcome ask(Subject& subject, Format format, std::vector<double>& results) {
  Contract contract;
  contract.format = format;
  Batch batch;
  batch.output = {
      1, 2, -0.5, round_to(format, 0.3), largest(format), smallest(format), std::numeric_limits<double>::infinity(), 0};
  batch.shape = {1, batch.output.size(), 1};
  results.assign(batch.output.size(), -1);
  return subject.compute(contract, batch, results);
}

TEST_P(PipeHelper, ResultsAreRoundedToNearest) {
  for (const Format format : GetParam().formats) {
    // What numpy computes in the format, and for bf16 in binary32, is rounded once more there.
    const Format computes_in = format == Format::bf16 ? Format::f32 : format;
    std::vector<double> results;
    ASSERT_EQ(ask(*echo("third"), format, results).kind, Kind::computed);
    const double outputs[] = {1, 2, -0.5, round_to(format, 0.3), largest(format), smallest(format)};
    for (std::size_t i = 0; i < std::size(outputs); ++i) {
      const double due =
          format == Format::f64 ? outputs[i] / 3 : round_to(format, round_to(computes_in, outputs[i] / 3));
      EXPECT_EQ(results[i], due) << traits(format).name << " " << outputs[i];
    }
    EXPECT_EQ(results[6], std::numeric_limits<double>::infinity());
  }
}

TEST_P(PipeHelper, WhatIsWrongFailsOneCall) {
  std::vector<double> results;
  const auto detail = [&](const char* program, Kind kind) {
    const std::unique_ptr<Subject> subject = echo(program);
    Outcome outcome = ask(*subject, Format::f32, results);
    EXPECT_EQ(outcome.kind, kind) << outcome.detail;
    // The next call is answered as if nothing had been.
    EXPECT_EQ(ask(*subject, Format::f32, results).detail, outcome.detail);
    return outcome.detail;
  };
  EXPECT_NE(detail("raises", Kind::failed).find("Error: no luck with ?[2J1"), std::string::npos);
  EXPECT_NE(detail("cannot", Kind::unsupported).find("not for these"), std::string::npos);
  EXPECT_EQ(detail("widens", Kind::failed), "answers with values of type F64 where F32 is due");
  EXPECT_EQ(detail("shortens", Kind::failed), "answers in the shape [7] where [8] is due");
  EXPECT_NE(detail("nothing", Kind::failed), "");
}

}  // namespace
}  // namespace lossaudit
