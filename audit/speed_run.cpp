#include "audit/speed_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "audit/call_times.hpp"
#include "audit/machine.hpp"
#include "audit/median.hpp"
#include "audit/name_contract.hpp"
#include "audit/speed_courses.hpp"

namespace lossaudit {
namespace {

/// The limits' arrays: three, aligned, written before they are used.
class Arrays {
 public:
  explicit Arrays(std::size_t bytes) {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const std::size_t size = (bytes + 4096 + 256 + 4095) / 4096 * 4096;
      arrays_[i].reset(static_cast<std::byte*>(std::aligned_alloc(4096, size)));
      if (!arrays_[i]) throw std::bad_alloc();
      std::fill_n(arrays_[i].get(), size, std::byte{1});
    }
  }
  /// Not all at the same place of a page, where they would meet in the same sets of a cache.
  float* operator[](std::size_t i) { return reinterpret_cast<float*>(arrays_[i].get() + 1088 * i); }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::array<std::unique_ptr<std::byte, Free>, 3> arrays_;
};

void time_mover(Course& course, double seconds, Arrays& arrays) {
  CallTimes times{.seconds = seconds, .repetitions = 1};
  time_calls(times, [&] { course.mover->move(arrays[0], arrays[1], arrays[2], course.bytes / sizeof(float)); });
  course.nanoseconds.push_back(times.nanoseconds[0]);
}

void time_subject(Course& course, double seconds, const Batch& batch) {
  CallTimes times{.seconds = seconds, .repetitions = 1};
  Subject& subject = *course.subject->subject;
  const auto note_trouble = [&course](const Outcome& outcome) {
    if (outcome.kind != Outcome::Kind::computed) course.trouble = outcome.detail;
    return outcome.kind == Outcome::Kind::computed;
  };
  if (!note_trouble(subject.time(course.contract, batch, times))) return;
  if (times.timed == 0) {
    course.from_here = true;
    std::vector<double> results(result_size(course.contract, batch.shape));
    bool computed = true;
    time_calls(
        times, [&] { computed = computed && note_trouble(subject.compute(course.contract, batch, results)); },
        TimedBy::wall);
    if (!computed) return;
  }
  const double nanoseconds = times.nanoseconds[0];
  if (std::isfinite(nanoseconds) && nanoseconds > 0) course.nanoseconds.push_back(nanoseconds);
}

Speed speed_of(const Course& course, double limit) {
  const double count = static_cast<double>(course.shape.elements());
  Speed speed;
  speed.subject = course.subject->name;
  name_contract(speed, course.contract);
  speed.shape = shape_text(course.shape);
  speed.inputs = inputs_text(course.contract);
  speed.ns_per_element = median_of(course.nanoseconds) / count;
  speed.limit_ns_per_element = limit / count;
  const auto [least, most] = std::ranges::minmax(course.nanoseconds);
  speed.least_ns_per_element = least / count;
  speed.most_ns_per_element = most / count;
  speed.repetitions = course.nanoseconds.size();
  speed.note = course.subject->subject->note(course.contract);
  if (course.from_here) {
    speed.note = "over the pipe, wall time with the way there and back" + (speed.note.empty() ? "" : "; " + speed.note);
  }
  return speed;
}

}  // namespace

RunRecord run_speed(const SpeedRequest& request) {
  std::vector<Course> courses = courses_of(request);
  if (courses.empty()) throw BadInput("no subject declares any of these contracts: see lossaudit list functions");
  std::size_t largest = 0;
  for (const Course& course : courses) largest = std::max(largest, limit_of(course.contract, course.shape).second);
  Arrays arrays(largest);

  // In random order, so that what else the machine does falls on all alike.
  std::mt19937_64 random(1);
  std::vector<std::size_t> order(courses.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::uint64_t repetition = 0; repetition < request.repetitions; ++repetition) {
    std::ranges::shuffle(order, random);
    for (std::size_t i = 0; i < order.size(); ++i) {
      Course& course = courses[order[i]];
      if (request.progress) {
        const double done = static_cast<double>(repetition * order.size() + i) /
                            static_cast<double>(request.repetitions * order.size());
        request.progress(done, course.subject == nullptr ? std::string_view(course.mover->name)
                                                         : std::string_view(course.subject->name));
      }
      if (course.subject == nullptr) {
        time_mover(course, request.seconds, arrays);
      } else if (course.trouble.empty()) {
        time_subject(course, request.seconds, batch_of(course.contract, course.shape));
      }
    }
  }

  std::map<LimitKey, double> limits;
  for (const Course& course : courses) {
    if (course.mover == nullptr) continue;
    double& limit = limits.try_emplace({course.mover->traffic, course.bytes}, INFINITY).first->second;
    limit = std::min(limit, median_of(course.nanoseconds));
  }
  RunRecord record;
  record.tool_version = tool_version();
  record.tool_revision = tool_revision();
  record.machine = this_machine();
  for (const AuditedSubject& subject : request.subjects) {
    record.subjects.push_back({subject.name, subject.subject->version(), subject.subject->origin(), false});
  }
  for (const Course& course : courses) {
    if (course.subject == nullptr) continue;
    if (course.nanoseconds.empty() || !course.trouble.empty()) {
      if (request.remark) {
        request.remark(fmt::format("{}: {}, {}: not timed: {}", course.subject->name, to_string(course.contract),
                                   shape_text(course.shape), course.trouble));
      }
      continue;
    }
    record.speed.push_back(speed_of(course, limits.at(limit_of(course.contract, course.shape))));
  }
  if (record.speed.empty()) throw BadInput("nothing could be timed: every call failed");
  return record;
}

}  // namespace lossaudit
