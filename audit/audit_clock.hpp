// How an audit spends the time that it was given.
#pragma once

#include <chrono>
#include <optional>

namespace lossaudit {

/// Counts from when it was made. Without a time given there is no end to anything: what is tried then depends on no clock.
class AuditClock {
 public:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  explicit AuditClock(std::optional<std::chrono::milliseconds> time) : time_(time) {}

  /// Adds what measuring took before the audit was stopped.
  void go_on_after(double seconds) { before_ = Seconds(seconds); }

  /// What measuring has taken.
  [[nodiscard]] Seconds spent() const { return before_ + (Clock::now() - start_); }
  /// Is none left to measure in?
  [[nodiscard]] bool out_of_time() const;
  /// How far the audit is, in [0, 1]; `of_round`: how far its only round is, when no time was given.
  [[nodiscard]] double done(double of_round) const;

  /// Hunting has a share of the time, on all processors together: may a search begin, and how long one took of all.
  [[nodiscard]] bool may_hunt() const;
  void add_hunt(Seconds took) { hunting_ += took; }

  /// Measuring is over; is there time left to look for smaller cases? Without a time given the limits of each search
  /// (ShrinkLimits) are all there is, for they count calls: what a clock leaves as it was found, another run shows
  /// reduced.
  void begin_reducing() { reducing_since_ = Clock::now(); }
  [[nodiscard]] bool may_reduce() const;

 private:
  [[nodiscard]] Seconds measuring_time() const;

  std::optional<std::chrono::milliseconds> time_;
  Clock::time_point start_ = Clock::now(), reducing_since_;
  Seconds before_{}, hunting_{};
};

}  // namespace lossaudit
