// The search for the worst input, on subjects whose errors hide where random inputs do not come.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/auditor.hpp"
#include "audit/case.hpp"
#include "audit/hunt/corpus.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;
using Compute = int (*)(const lossaudit_contract*, const lossaudit_tensors*);

const char* const lines[] = {"softmax,log_softmax exact f32 forward,gradient axis",
                             "sigmoid exact f64 forward",
                             "logsumexp exact f32 gradient",
                             "categorical_crossentropy exact f32 forward,gradient from_logits=1 class_weights",
                             "sparse_categorical_crossentropy exact f32 forward from_logits=1 reduction ignore_index",
                             "sparse_categorical_crossentropy exact f32 gradient from_logits=1 sample_weights",
                             "binary_crossentropy exact f32 forward from_logits=1 reduction",
                             nullptr};

/// The largest of a row, for `wrong` to look at.
struct RowSeen {
  const float* x;
  std::size_t classes, stride;
  [[nodiscard]] float at(std::size_t i) const { return x[i * stride]; }
};

/// log_softmax in double, whose results `wrong` multiplies.
template <double (*wrong)(const RowSeen&)>
int log_softmax(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  for (std::size_t row = 0; row < t->outer * t->inner; ++row) {
    const std::size_t first = row / t->inner * t->classes * t->inner + row % t->inner;
    const RowSeen seen{static_cast<const float*>(t->output) + first, t->classes, t->inner};
    for (std::size_t i = 0; i < t->classes; ++i) {
      // -ln sum e^(x_j - x_i): the entry's own term is the 1 of log1p.
      double others = 0;
      for (std::size_t j = 0; j < t->classes; ++j) {
        if (j != i) others += std::exp(static_cast<double>(seen.at(j)) - seen.at(i));
      }
      const double top = std::isinf(others) ? others : std::log1p(others);
      double result = -top;
      if (std::isinf(others)) {
        float largest = seen.at(0);
        for (std::size_t j = 1; j < t->classes; ++j) largest = std::max(largest, seen.at(j));
        double sum = 0;
        for (std::size_t j = 0; j < t->classes; ++j) sum += std::exp(static_cast<double>(seen.at(j)) - largest);
        result = (static_cast<double>(seen.at(i)) - largest) - std::log(sum);
      }
      static_cast<float*>(t->result)[first + i * t->inner] = static_cast<float>(result * wrong(seen));
    }
  }
  return LOSSAUDIT_OK;
}

double nothing_wrong(const RowSeen& /*row*/) { return 1; }
/// The first of two or more is in the binade of 2^-41: a thousand ulps.
double wrong_in_a_binade(const RowSeen& row) {
  const double x = std::abs(row.at(0));
  return row.classes >= 2 && x >= 0x1p-41 && x < 0x1p-40 ? 1 + 1000 * 0x1p-24 : 1;
}
/// Two largest entries between 61 and 62 apart, and a result that says so: all of it is lost.
double lost_in_a_gap(const RowSeen& row) {
  float first = -INFINITY, second = -INFINITY;
  for (std::size_t i = 0; i < row.classes; ++i) {
    const float x = row.at(i);
    if (x > first) {
      second = first;
      first = x;
    } else {
      second = std::max(second, x);
    }
  }
  return first - second > 61 && first - second < 62 ? 0 : 1;
}
/// An error that grows towards a single point of any entry, 37.7: 100 ulp at the number next to it, 3 ulp within 0.01.
double worst_near_a_point(const RowSeen& row) {
  double nearest = 1;
  for (std::size_t i = 0; i < row.classes; ++i) nearest = std::min(nearest, std::abs(row.at(i) - 37.7));
  return 1 + 100 * 0x1p-24 * std::pow(std::log2(nearest) / std::log2(0x1p-19), 4);
}

AuditRequest hunt_of(Compute compute, const std::string& contract, std::uint64_t searches,
                     std::size_t elements = 12000) {
  AuditRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "planted", "1", lines, compute}), "planted", "planted", true});
  request.filter.contracts = {parse_contract(contract)};
  request.profile = &profile_named("faithful");
  request.elements = elements;
  request.hunt.only = true;
  request.hunt.searches = searches;
  request.hunt.compare_random = true;
  return request;
}

Accuracy hunted(AuditRequest request) {
  const RunRecord record = run_audit(request);
  EXPECT_EQ(record.accuracy.size(), 1U);
  return record.accuracy.at(0);
}

constexpr const char* log_softmax_contract = "log_softmax exact f32 forward";

TEST(Hunt, FindsABinadeOfOneNumberThatRandomRowsMiss) {
  const Accuracy found = hunted(hunt_of(log_softmax<wrong_in_a_binade>, log_softmax_contract, 6));
  EXPECT_GT(found.hunt.max_ulp, 400);
  EXPECT_GE(found.hunt.worst_ulp, found.hunt.max_ulp / 2);
  EXPECT_LT(found.hunt.random_ulp, 1);
  EXPECT_GE(found.hunt.random_cases, found.hunt.cases);
  // Two entries are enough, and the second may be anything simple.
  const std::vector<std::string>& output = found.hunt.worst.inputs.at("output");
  ASSERT_LE(output.size(), 2U);
  const double first = std::abs(*parse_number(Format::f32, output[0]));
  EXPECT_EQ(first, 0x1p-41) << "the simplest number of the binade";
  EXPECT_EQ(found.evidence, "observed");
  EXPECT_EQ(found.verdict, "exceeds");
}

TEST(Hunt, FindsAGapOnWhichEverythingIsLost) {
  const Accuracy found = hunted(hunt_of(log_softmax<lost_in_a_gap>, log_softmax_contract, 6));
  EXPECT_GT(found.hunt.lost_results, 0U);
  EXPECT_LT(found.hunt.max_ulp, 1) << "what is lost is told apart from the errors";
  EXPECT_LT(found.hunt.random_ulp, 1);
  EXPECT_GT(found.max_ulp, 8e6);
  const std::vector<std::string>& output = found.hunt.lost.inputs.at("output");
  ASSERT_EQ(output.size(), 2U);
  EXPECT_EQ(found.hunt.lost.computed.substr(found.hunt.lost.computed.find('0')), "0x0p+0");
  const double gap = std::abs(*parse_number(Format::f32, output[0]) - *parse_number(Format::f32, output[1]));
  EXPECT_GT(gap, 61);
  EXPECT_LT(gap, 62);
  EXPECT_NE(found.hunt.lost.replay.find("lossaudit audit planted --contract 'log_softmax exact f32 forward' --case "),
            std::string::npos);
}

TEST(Hunt, ClimbsToAPoint) {
  const Accuracy found = hunted(hunt_of(log_softmax<worst_near_a_point>, log_softmax_contract, 4, 40000));
  EXPECT_GT(found.hunt.max_ulp, 80);
  EXPECT_GT(found.hunt.max_ulp, 2 * found.hunt.random_ulp) << "random rows come nowhere near";
}

TEST(Hunt, OfARightSubjectFindsNothing) {
  const Accuracy found = hunted(hunt_of(log_softmax<nothing_wrong>, log_softmax_contract, 4));
  EXPECT_EQ(found.verdict, "conforms") << found.detail;
  EXPECT_LT(found.hunt.max_ulp, 0.51);
  EXPECT_EQ(found.hunt.lost_results, 0U);
  EXPECT_EQ(found.hunt.searches, 4U);
}

/// sigmoid, off by 30 ulp at the number next to 1/3, of 2^64, by 1 ulp within 1/4.
int sigmoid_off_at_a_third(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
    const double x = static_cast<const double*>(t->output)[i];
    const auto y = static_cast<double>(1 / (1 + std::exp(static_cast<long double>(-x))));
    const double away = std::max(std::abs(x - 1.0 / 3), 0x1p-54);
    const double off = away < 1 ? -30 * std::log2(away) / 54 : 0;
    static_cast<double*>(t->result)[i] = std::nextafter(y, 2) - y > 0 ? y + std::floor(off) * 0x1p-53 : y;
  }
  return LOSSAUDIT_OK;
}

TEST(Hunt, BisectsTheNumbersOfF64) {
  const Accuracy found = hunted(hunt_of(sigmoid_off_at_a_third, "sigmoid exact f64 forward", 3, 60000));
  EXPECT_GT(found.hunt.max_ulp, 28);
  EXPECT_GT(found.hunt.max_ulp, 2 * found.hunt.random_ulp);
}

int fails_on_long_rows(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  return t->classes > 100 ? LOSSAUDIT_FAILED : log_softmax<nothing_wrong>(contract, t);
}

TEST(Hunt, ACallThatFailsIsAFinding) {
  const Accuracy found = hunted(hunt_of(fails_on_long_rows, log_softmax_contract, 6));
  EXPECT_EQ(found.verdict, "crashed");
  EXPECT_GT(found.hunt.cases, 0U);
}

/// Any contract: zeros, which no search may stumble over.
int zeros(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  const std::size_t bytes = std::string_view(contract->format) == "f64" ? 8 : 4;
  std::fill_n(static_cast<unsigned char*>(t->result), t->result_count * bytes, static_cast<unsigned char>(0));
  return LOSSAUDIT_OK;
}

TEST(Hunt, EveryKindOfContractCanBeHunted) {
  for (const char* contract :
       {"softmax exact f32 forward", "softmax exact f32 gradient axis", "logsumexp exact f32 gradient",
        "sigmoid exact f64 forward", "categorical_crossentropy exact f32 gradient from_logits",
        "categorical_crossentropy exact f32 forward from_logits class_weights",
        "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean ignore_index=-100",
        "sparse_categorical_crossentropy exact f32 gradient from_logits sample_weights",
        "binary_crossentropy exact f32 forward from_logits reduction=sum"}) {
    SCOPED_TRACE(contract);
    const Accuracy found = hunted(hunt_of(zeros, contract, 3, 6000));
    EXPECT_GT(found.hunt.lost_results, 0U);
    EXPECT_GE(found.hunt.random_cases, found.hunt.cases);
    const Contract parsed = parse_contract(contract);
    const std::size_t at = found.hunt.lost.replay.find("--case '");
    ASSERT_NE(at, std::string::npos) << found.hunt.lost.replay;
    const std::string text = found.hunt.lost.replay.substr(at + 8);
    const Batch again = parse_case(parsed, text.substr(0, text.find('\'')));
    EXPECT_LE(again.output.size(), 3U);
  }
}

class HuntFiles : public testing::Test {
 protected:
  HuntFiles() : folder_(fs::path(testing::TempDir()) / ("lossaudit_hunt_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~HuntFiles() override { fs::remove_all(folder_); }
  fs::path folder_;
};

std::string timeless(const RunRecord& record) {
  nlohmann::json all = to_json(record)["accuracy"];
  for (auto& accuracy : all) accuracy["hunt"].erase("seconds");
  return all.dump();
}

TEST_F(HuntFiles, StoppedAndGoneOnWithItIsTheOneRun) {
  const auto request = [this](bool keep) {
    AuditRequest request = hunt_of(log_softmax<worst_near_a_point>, log_softmax_contract, 4, 4000);
    request.filter.contracts.push_back(parse_contract("log_softmax exact f32 forward axis"));
    if (keep) request.checkpoint = folder_ / "checkpoint.json";
    request.resume = true;
    return request;
  };
  AuditRequest at_once = request(false);
  const std::string whole = timeless(run_audit(at_once));
  int stops = 0;
  for (const int questions : {7, 60, 33, 150}) {
    AuditRequest stopped = request(true);
    stopped.stop = [left = questions]() mutable { return left-- <= 0; };
    const RunRecord part = run_audit(stopped);
    stops += part.interrupted ? 1 : 0;
    EXPECT_FALSE(part.accuracy.empty()) << "what was done stands";
  }
  EXPECT_GT(stops, 2);
  AuditRequest rest = request(true);
  EXPECT_EQ(timeless(run_audit(rest)), whole);

  AuditRequest stopped = request(true);
  stopped.stop = [left = 40]() mutable { return left-- <= 0; };
  ASSERT_TRUE(run_audit(stopped).interrupted);
  AuditRequest other = request(true);
  other.hunt.corpus.add(parse_contract(log_softmax_contract),
                        parse_case(parse_contract(log_softmax_contract), "output=1,2"));
  EXPECT_THROW(run_audit(other), BadInput);
}

TEST_F(HuntFiles, WhatIsKnownIsWhereTheNextHuntBegins) {
  const std::string name = (folder_ / "corpus.txt").string();
  Corpus corpus;
  AuditRequest first = hunt_of(log_softmax<wrong_in_a_binade>, log_softmax_contract, 6);
  first.hunt.found = [&corpus](const Contract& of, const Batch& one) { corpus.add(of, one); };
  const double known = hunted(std::move(first)).hunt.max_ulp;
  ASSERT_GT(corpus.size(), 0U);
  save_corpus(corpus, name);

  // A hunt too short to find anything by itself.
  AuditRequest blind = hunt_of(log_softmax<wrong_in_a_binade>, log_softmax_contract, 1, 600);
  EXPECT_LT(hunted(std::move(blind)).hunt.max_ulp, 1);
  AuditRequest next = hunt_of(log_softmax<wrong_in_a_binade>, log_softmax_contract, 1, 600);
  next.hunt.corpus = load_corpus(name);
  EXPECT_EQ(next.hunt.corpus.text(), corpus.text());
  EXPECT_GE(hunted(std::move(next)).hunt.max_ulp, known);
  EXPECT_EQ(load_corpus(folder_ / "none.txt").size(), 0U);
}

TEST(Hunt, APartOfAnAuditThatLeavesItsMeansAlone) {
  const auto audit = [](std::uint64_t searches) {
    AuditRequest request = hunt_of(log_softmax<worst_near_a_point>, log_softmax_contract, searches, 4000);
    request.hunt.only = false;
    return hunted(std::move(request));
  };
  const Accuracy without = audit(0), with = audit(40);
  EXPECT_EQ(without.hunt, HuntResult());
  EXPECT_EQ(with.hunt.searches, 40U);
  EXPECT_EQ(with.count, without.count);
  EXPECT_EQ(with.mean_ulp, without.mean_ulp);
  EXPECT_EQ(with.correctly_rounded, without.correctly_rounded);
  EXPECT_GT(with.max_ulp, 2 * without.max_ulp);
  EXPECT_EQ(with.verdict, "exceeds");
}

}  // namespace
}  // namespace lossaudit
