// Shards: what they are of, and sums that are the same however they were split.
#include "audit/shard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "audit/exact_ulp_sum.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

TEST(Shard, EveryUnitIsOneShards) {
  for (const std::uint64_t count : {1, 2, 3, 7, 8, 64}) {
    std::vector<std::uint64_t> units(count);
    for (std::uint64_t unit = 0; unit < 1000; ++unit) {
      std::uint64_t owners = 0;
      for (std::uint64_t index = 0; index < count; ++index) {
        const bool owned = Shard{index, count}.owns(unit);
        owners += owned ? 1 : 0;
        units[index] += owned ? 1 : 0;
      }
      EXPECT_EQ(owners, 1U) << unit << " of " << count;
    }
    const auto [fewest, most] = std::ranges::minmax(units);
    EXPECT_LE(most - fewest, 1U) << count;
  }
}

TEST(Shard, WhatReturnsDoesNotAllGoToOne) {
  // As formats return in the table of contracts: every fourth unit, over eight shards.
  std::vector<std::uint64_t> units(8);
  for (std::uint64_t unit = 0; unit < 64; unit += 4) {
    for (std::uint64_t index = 0; index < 8; ++index) units[index] += Shard{index, 8}.owns(unit) ? 1 : 0;
  }
  EXPECT_EQ(std::ranges::max(units), 2U);
}

TEST(Shard, IsWrittenAsItIsRead) {
  EXPECT_EQ(parse_shard("3/8"), (Shard{2, 8}));
  EXPECT_EQ(to_string(Shard{2, 8}), "3/8");
  EXPECT_TRUE(parse_shard("1/1").is_whole());
  for (const char* wrong : {"", "/", "3", "3/", "/8", "0/8", "9/8", "1/4097", "-1/8", "+1/8", "1/8 ", " 1/8", "1/8/2",
                            "a/b", "1/99999999999999999999999"}) {
    EXPECT_THROW(parse_shard(wrong), BadInput) << wrong;
  }
}

/// Terms of every size, subnormal and enormous ones among them.
std::vector<double> terms() {
  std::mt19937_64 random(7);
  std::vector<double> all = {0, std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::max()};
  for (int i = 0; i < 4000; ++i) {
    all.push_back(std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 2000) - 1074));
  }
  return all;
}

TEST(ExactUlpSum, IsTheSameHoweverItWasSplit) {
  std::vector<double> all = terms();
  ExactUlpSum whole;
  for (const double term : all) whole.add(term);
  std::mt19937_64 random(8);
  std::ranges::shuffle(all, random);
  std::vector<ExactUlpSum> parts(5);
  for (std::size_t i = 0; i < all.size(); ++i) parts[i * i % 5].add(all[i]);
  ExactUlpSum left, right;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    left.add(parts[i]);
    ExactUlpSum more = parts[parts.size() - 1 - i];
    more.add(right);
    right = more;
  }
  EXPECT_EQ(left, whole);
  EXPECT_EQ(right, whole);
}

TEST(ExactUlpSum, RoundsOnceAndTowardsZero) {
  ExactUlpSum sum;
  sum.add(0x1p53);
  for (int i = 0; i < 3; ++i) sum.add(1);
  EXPECT_EQ(sum.value(), 0x1p53 + 2);
  sum.add(std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(sum.value(), 0x1p53 + 2);
  ExactUlpSum small;
  small.add(0x1p-1074);
  small.add(0x1.8p-1070);
  EXPECT_EQ(small.value(), 0x1p-1074 + 0x1.8p-1070);
  EXPECT_EQ(ExactUlpSum().value(), 0);
  ExactUlpSum large;
  large.add(std::numeric_limits<double>::max());
  large.add(std::numeric_limits<double>::max());
  EXPECT_TRUE(std::isinf(large.value())) << "no double holds it";
  ExactUlpSum infinite;
  infinite.add(1);
  infinite.add(std::numeric_limits<double>::infinity());
  infinite.add(1);
  EXPECT_TRUE(std::isinf(infinite.value()));
}

TEST(ExactUlpSum, ComesBackFromItsText) {
  ExactUlpSum sum;
  for (int i = 0; i < 3; ++i) {
    ExactUlpSum back;
    ASSERT_TRUE(back.read(sum.text())) << sum.text();
    EXPECT_EQ(back, sum);
    for (const double term : terms()) sum.add(term);
    if (i == 1) sum.add(std::numeric_limits<double>::infinity());
  }
  EXPECT_EQ(sum.text(), "inf");
  for (const std::string& wrong : {std::string(), std::string("-1"), std::string("0x1"), std::string("1G"),
                                   std::string(1000, '1'), std::string("Inf")}) {
    EXPECT_FALSE(sum.read(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lossaudit
