// Eigen is compiled for several levels of instructions: the adapter takes the widest that this processor runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "audit/subject.hpp"

namespace lossaudit {
namespace {

TEST(EigenAdapter, TakesTheWidestLevelThatTheProcessorRuns) {
#if defined(__x86_64__)
  const auto known = known_subjects();
  const auto eigen = std::find_if(known.begin(), known.end(), [](const KnownSubject& k) { return k.name == "eigen"; });
  ASSERT_NE(eigen, known.end());
  if (!eigen->ready) GTEST_SKIP() << eigen->remedy;
  const std::string widest = __builtin_cpu_supports("avx512vl") != 0 ? "AVX-512"
                             : __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0
                                 ? "AVX2 and FMA"
                                 : "SSE2";
  EXPECT_TRUE(open_subjects("eigen")[0]->version().ends_with(", " + widest)) << open_subjects("eigen")[0]->version();
#else
  GTEST_SKIP() << "one level only";
#endif
}

TEST(EigenAdapter, HasALevelThatEveryX86ProcessorRuns) {
#if defined(__x86_64__)
  const auto adapter = std::filesystem::path(open_subjects("plain")[0]->origin()).parent_path();
  const auto baseline = adapter / "eigen" / "x86-64.so";
  if (!std::filesystem::exists(baseline)) GTEST_SKIP() << "Eigen is not installed";
  EXPECT_TRUE(open_library(baseline.string())[0]->version().ends_with(", SSE2"));
#else
  GTEST_SKIP() << "one level only";
#endif
}

}  // namespace
}  // namespace lossaudit
