// How long a call takes. It is measured where it is made: in a subject's own process, with nothing of ours but a loop and
// two looks at a clock around it. That is why there is no benchmark library here: one would have to be loaded into a
// stranger's process, bring its own arguments, registry and report there, and do no more for a loop of milliseconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>

namespace lossaudit {

/// Processor time of all the process's threads: other programs do not count, and more cores make nothing quicker. Of
/// calls that are made to another process, wall time.
enum class TimedBy : clockid_t { processor = CLOCK_PROCESS_CPUTIME_ID, wall = CLOCK_MONOTONIC };

/// Plain data: it is sent to a subject's process.
struct CallTimes {
  static constexpr std::size_t most = 32;

  double seconds = 0;                      ///< of calls in each repetition, at least
  std::uint64_t repetitions = 0;           ///< wanted, at most `most`; 0: nothing is to be timed
  std::uint64_t timed = 0;                 ///< repetitions done
  std::array<double, most> nanoseconds{};  ///< a call took in each, on average
};

/// One call to fill the caches, then the repetitions: as many calls in each as the time is asked for.
template <class Call>
void time_calls(CallTimes& times, const Call& call, TimedBy by = TimedBy::processor) {
  const auto now = [](TimedBy clock) {
    timespec time{};
    clock_gettime(static_cast<clockid_t>(clock), &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const auto took = [&](std::uint64_t calls, TimedBy clock) {
    const double start = now(clock);
    for (std::uint64_t i = 0; i < calls; ++i) call();
    return now(clock) - start;
  };
  took(1, TimedBy::wall);
  std::uint64_t calls = 1;
  // How many calls fill the time, to a factor of two. By the wall, or calls that only wait would never fill it.
  for (double last = 0; (last = took(calls, TimedBy::wall)) < times.seconds / 2;) {
    calls *= last > times.seconds / 16 ? 2 : 8;
  }
  for (times.timed = 0; times.timed < times.repetitions && times.timed < CallTimes::most; ++times.timed) {
    times.nanoseconds[times.timed] = 1e9 * took(calls, by) / static_cast<double>(calls);
  }
}

}  // namespace lossaudit
