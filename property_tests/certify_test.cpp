// Certification: the claims hold where they are tried here, a wrong bound is seen, and a certificate is gone on from.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "audit/certificate.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

class EveryClaim : public testing::TestWithParam<const Claim*> {
 protected:
  /// Blocks near 0, about 1/2 and 1, about −16, and far out.
  static std::vector<std::size_t> blocks() {
    return GetParam()->format == Format::f32 ? std::vector<std::size_t>{0x001, 0x3f0, 0xc18, 0x7f7}
                                             : std::vector<std::size_t>{0};
  }
};

std::vector<const Claim*> all_claims() {
  std::vector<const Claim*> all;
  for (const Claim& claim : claims()) all.push_back(&claim);
  return all;
}
INSTANTIATE_TEST_SUITE_P(, EveryClaim, testing::ValuesIn(all_claims()), [](const auto& info) {
  std::string name(info.param->name);
  for (char& c : name) c = c == ' ' || c == '=' || c == '.' ? '_' : c;
  return name;
});

TEST_P(EveryClaim, HoldsOnSomeBlocks) {
  Certified found;
  for (const std::size_t block : blocks()) found += certify(*GetParam(), block, Judge::pairs);
  EXPECT_EQ(found.broken, 0U) << "at " << to_hex(Format::f64, found.broken_at);
  EXPECT_GT(found.inputs, found.unknown);
  EXPECT_GT(found.tightest, 0);
  EXPECT_LE(found.tightest, 1.0 + 0x1p-40);
}

TEST_P(EveryClaim, IsBrokenByABoundTooSmall) {
  Certified found;
  for (const std::size_t block : blocks()) found += certify(*GetParam(), block, Judge::pairs, 0x1p-14);
  EXPECT_GT(found.broken, 0U);
}

TEST(Certify, TheJudgesAgree) {
  const Claim& claim = *claims_named("logit f32 gradient").front();
  const Certified by_pairs = certify(claim, 0x3f0, Judge::pairs);
  const Certified by_intervals = certify(claim, 0x3f0, Judge::intervals);
  EXPECT_EQ(by_intervals.broken, 0U);
  EXPECT_EQ(by_pairs.inputs, by_intervals.inputs);
  EXPECT_NEAR(by_pairs.tightest, by_intervals.tightest, 1e-9);
}

TEST(Certify, NamesTheNearestClaims) {
  try {
    claims_named("sigmod f32 forward");
    FAIL();
  } catch (const BadInput& refused) {
    EXPECT_NE(std::string(refused.what()).find("'sigmoid f32 forward'"), std::string::npos) << refused.what();
  }
  EXPECT_GE(claims_named("sigmoid").size(), 4U);
}

class CertificateFile : public testing::Test {
 protected:
  CertificateFile() { fs::create_directories(folder_); }
  ~CertificateFile() override { fs::remove_all(folder_); }
  CertificateFile(const CertificateFile&) = delete;
  CertificateFile& operator=(const CertificateFile&) = delete;

  /// A certificate with these blocks of one claim done.
  static Certificate with(const std::vector<std::size_t>& blocks) {
    Certificate certificate{"abc", Judge::pairs, {}};
    ClaimState& state = certificate.claims["sigmoid f32 forward"];
    state.done.resize(block_count(*claims_named("sigmoid f32 forward").front()));
    for (const std::size_t b : blocks) {
      state.done[b] = true;
      state.found += {block_size, 3, 2, 0, 0.25 + 0x1p-20 * static_cast<double>(b), -0x1.8p-3, 0};
    }
    return certificate;
  }
  [[nodiscard]] std::string refusal(const std::string& text) const {
    std::ofstream(file_) << text;
    try {
      load_certificate(file_);
    } catch (const BadInput& refused) {
      return refused.what();
    }
    return "";
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("lossaudit_certify_" + std::to_string(getpid()));
  fs::path file_ = folder_ / "certificate.json";
};

TEST_F(CertificateFile, ComesBackAsItWas) {
  const Certificate certificate = with({0, 1, 2, 7, 4095});
  save_certificate(certificate, file_);
  const Certificate back = load_certificate(file_);
  EXPECT_EQ(back.revision, "abc");
  const ClaimState& state = back.claims.at("sigmoid f32 forward");
  EXPECT_EQ(state.done, certificate.claims.at("sigmoid f32 forward").done);
  EXPECT_EQ(state.found.inputs, 5 * block_size);
  EXPECT_EQ(state.found.unknown, 15U);
  EXPECT_EQ(state.found.undecided, 10U);
  EXPECT_EQ(state.found.tightest, 0.25 + 0x1p-20 * 4095);
  EXPECT_EQ(state.found.tightest_at, -0x1.8p-3);
}

TEST_F(CertificateFile, ShardsJoinedAreTheWhole) {
  Certificate first = with({0, 2});
  join(first, with({1, 3}), "second.json");
  const Certificate whole = with({0, 1, 2, 3});
  EXPECT_EQ(first.claims.at("sigmoid f32 forward").done, whole.claims.at("sigmoid f32 forward").done);
  EXPECT_EQ(first.claims.at("sigmoid f32 forward").found.inputs, whole.claims.at("sigmoid f32 forward").found.inputs);
  EXPECT_EQ(first.claims.at("sigmoid f32 forward").found.tightest,
            whole.claims.at("sigmoid f32 forward").found.tightest);
  EXPECT_THROW(join(first, with({3}), "again.json"), BadInput) << "a block twice";
  Certificate other = with({9});
  other.revision = "def";
  EXPECT_THROW(join(first, other, "other.json"), BadInput) << "other bounds, perhaps";
}

TEST_F(CertificateFile, WhatIsNoneIsRefused) {
  save_certificate(with({0, 1}), file_);
  std::ifstream in(file_);
  const std::string good((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return refusal(text);
  };
  EXPECT_EQ(refusal(good), "");
  for (const std::string& wrong :
       {refusal(""), refusal("{"), refusal("[1]"), refusal("{}"), changed("\"0-1\"", "\"0-4096\""),
        changed("\"0-1\"", "\"1-0\""), changed("\"0-1\"", "\"0--1\""), changed("\"0-1\"", "\"0;1\""),
        changed("\"0-1\"", "7"), changed("sigmoid f32 forward", "sigmoid f32"),
        changed("certificate/1", "certificate/2"), changed("\"pairs\"", "\"hearsay\""),
        changed("\"inputs\": 2097152", "\"inputs\": \"many\"")}) {
    EXPECT_NE(wrong.find("certificate.json"), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("-o"), std::string::npos) << wrong;
  }
}

}  // namespace
}  // namespace lossaudit
