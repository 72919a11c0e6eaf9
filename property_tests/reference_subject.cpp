#include "property_tests/reference_subject.hpp"

#include <cmath>

#include "audit/profile.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit::conform {
namespace {

/// SplitMix64's finaliser (Steele, Lea, Flood, 2014): well mixed bits of a counter.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A value within `ulps` of the exact result, anywhere there: the first of some steps off the best one that stays
/// within.
double wobbled(Format format, const Expected& expected, double ulps, std::uint64_t salt) {
  if (expected.kind != Expected::Kind::number || !std::isfinite(expected.rounded)) return expected.rounded;
  const auto most = static_cast<std::int64_t>(std::ceil(ulps));
  std::int64_t steps = static_cast<std::int64_t>(mixed(salt) % static_cast<std::uint64_t>(2 * most + 1)) - most;
  for (;; steps -= steps > 0 ? 1 : -1) {
    const double candidate = step(format, expected.rounded, steps);
    if (steps == 0 || (std::isfinite(candidate) && ulp_error(format, expected, candidate) <= ulps)) return candidate;
  }
}

class ReferenceSubject : public Subject {
 public:
  explicit ReferenceSubject(bool wobble) : wobble_(wobble) {}
  [[nodiscard]] std::string name() const override { return wobble_ ? "reference:wobbly" : "reference"; }
  [[nodiscard]] std::string version() const override { return "1"; }
  [[nodiscard]] std::string origin() const override { return "built in"; }
  [[nodiscard]] bool supports(const Contract& contract) const override { return is_meaningful(contract); }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return ""; }

  Outcome compute(const Contract& contract, const Batch& batch, std::span<double> results) override {
    const std::vector<Expected> expected = expect(contract, batch);
    // Expected knows errors to 2^-20 ulp: stay inside the budget by as much.
    const double ulps = budget(profile_named("faithful"), contract).ulp - 0x1p-19;
    std::uint64_t salt = std::hash<std::string>{}(to_string(contract));
    for (std::size_t i = 0; i < results.size(); ++i) {
      salt += 0x9e3779b97f4a7c15ULL;  // by position alone, so that a NaN elsewhere changes nothing here
      results[i] = expected[i].kind == Expected::Kind::nan ? std::nan("")
                   : wobble_                               ? wobbled(contract.format, expected[i], ulps, salt)
                                                           : expected[i].rounded;
    }
    return {};
  }

 private:
  bool wobble_;
};

}  // namespace

std::unique_ptr<Subject> reference_subject(bool wobble) { return std::make_unique<ReferenceSubject>(wobble); }

}  // namespace lossaudit::conform
