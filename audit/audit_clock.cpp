#include "audit/audit_clock.hpp"

#include <algorithm>

namespace lossaudit {
namespace {

/// Of the time given, the part kept for reducing what was found.
constexpr double time_for_findings = 0.1;
constexpr std::chrono::seconds longest_reducing{15};
/// Of the time given, what goes into hunting.
constexpr double hunting_share = 0.2;

}  // namespace

AuditClock::Seconds AuditClock::measuring_time() const {
  const Seconds whole = *time_;
  return std::max(whole * (1 - time_for_findings), whole - Seconds(longest_reducing));
}

bool AuditClock::out_of_time() const { return time_ && spent() >= measuring_time(); }

double AuditClock::done(double of_round) const { return time_ ? std::min(1.0, spent() / measuring_time()) : of_round; }

bool AuditClock::may_hunt() const { return !time_ || hunting_ <= hunting_share * spent(); }

bool AuditClock::may_reduce() const { return !time_ || Clock::now() - reducing_since_ < longest_reducing; }

}  // namespace lossaudit
