#include "audit/speed_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "audit/bandwidth.hpp"
#include "audit/call_times.hpp"
#include "audit/machine.hpp"
#include "audit/text.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

constexpr Shape lengths[] = {{1, 4096, 1}, {1, 1'000'000, 1}};
constexpr Shape rows[] = {{1024, 1000, 1}, {32, 32000, 1}};
/// A subject over a pipe, or a slow one, is not asked for arrays that would take minutes.
constexpr std::size_t most_elements = std::size_t{1} << 24;

std::string shape_text(const Shape& shape) {
  return shape.outer == 1 ? std::to_string(shape.classes) : fmt::format("{}x{}", shape.outer, shape.classes);
}

/// The contracts that people time.
std::vector<Contract> contracts_of(const Filter& filter) {
  const auto wanted = [](const auto& list, const auto& value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
  };
  const std::vector<Format> formats = filter.formats.empty() ? std::vector{Format::f32} : filter.formats;
  const std::vector<Pass> passes = filter.passes.empty() ? std::vector{Pass::forward} : filter.passes;
  std::vector<Contract> contracts;
  for (const FunctionTraits& function : functions()) {
    for (const DialectTraits& dialect : dialects()) {
      if (!wanted(filter.functions, function.function) || !wanted(filter.dialects, dialect.dialect)) continue;
      for (const Format format : formats) {
        for (const Pass pass : passes) {
          for (const bool from_logits : {true, false}) {
            if (from_logits && function.output != Domain::either) continue;
            Contract contract{function.function, dialect.dialect, format, pass, {}};
            contract.options.from_logits = from_logits;
            if (function.is_loss && function.layout == Layout::elementwise) {
              contract.options.reduction = Reduction::mean;
            }
            if (is_meaningful(contract)) contracts.push_back(contract);
          }
        }
      }
    }
  }
  return contracts;
}

std::vector<Shape> shapes_of(const Contract& contract, const std::vector<Shape>& asked) {
  if (!asked.empty()) return asked;
  if (traits(contract.function).layout == Layout::elementwise) return {std::begin(lengths), std::end(lengths)};
  return {std::begin(rows), std::end(rows)};
}

bool takes_logits(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  return domain == Domain::real || (domain == Domain::either && contract.options.from_logits);
}

std::string_view inputs_text(const Contract& contract) {
  return takes_logits(contract) ? "logits N(0, 5)" : "probabilities sigmoid(N(0, 5))";
}

/// What a trained model's outputs look like, with hard targets.
Batch batch_of(const Contract& contract, const Shape& shape) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> logit(0, 5);
  Batch batch;
  batch.shape = shape;
  for (std::size_t i = 0; i < shape.elements(); ++i) {
    const double x = logit(random);
    // Off 0 and 1, where a loss is infinite.
    const double p = std::clamp(1 / (1 + std::exp(-x)), 1e-3, 1 - 1e-3);
    batch.output.push_back(round_to(contract.format, takes_logits(contract) ? x : p));
  }
  const TargetKind target = traits(contract.function).target;
  const bool by_row = traits(contract.function).layout != Layout::elementwise;
  if (target == TargetKind::labels) {
    for (std::size_t row = 0; row < shape.rows(); ++row) {
      batch.labels.push_back(static_cast<std::int64_t>(random() % shape.classes));
    }
  } else if (target == TargetKind::dense) {
    batch.target.assign(shape.elements(), 0);
    if (by_row) {
      for (std::size_t row = 0; row < shape.rows(); ++row)
        batch.target[row * shape.classes + random() % shape.classes] = 1;
    } else {
      for (double& t : batch.target) t = static_cast<double>(random() % 2);
    }
  }
  if (contract.pass == Pass::gradient) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    batch.upstream.assign(result_size(forward, shape), 1);
  }
  return batch;
}

Traffic traffic_of(const Contract& contract) {
  const FunctionTraits& function = traits(contract.function);
  const bool gradient = contract.pass == Pass::gradient;
  const bool writes = gradient || (function.layout != Layout::row_to_value && !function.is_loss);
  const bool reads_two = function.target == TargetKind::dense ||
                         (gradient && !function.is_loss && function.layout != Layout::row_to_value);
  if (writes) return reads_two ? Traffic::read2_write : Traffic::read_write;
  return reads_two ? Traffic::read2 : Traffic::read;
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// One thing to be timed again and again.
struct Course {
  const AuditedSubject* subject = nullptr;  ///< null: a way to move arrays
  Contract contract;
  Shape shape;
  const Mover* mover = nullptr;
  std::size_t bytes = 0;  ///< a mover's: of each array
  std::vector<double> nanoseconds;
  bool from_here = false;  ///< with the way to the subject and back
  std::string trouble;
};

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
  speed.function = traits(course.contract.function).name;
  speed.dialect = traits(course.contract.dialect).name;
  speed.format = traits(course.contract.format).name;
  speed.pass = to_string(course.contract.pass);
  speed.options = to_string(course.contract.options);
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

using LimitKey = std::pair<Traffic, std::size_t>;  // and the bytes of an array

std::size_t bytes_of(const Contract& contract, const Shape& shape) {
  return shape.elements() * static_cast<std::size_t>(traits(contract.format).bytes);
}

std::vector<Course> courses_of(const SpeedRequest& request) {
  std::vector<Course> courses;
  std::map<LimitKey, bool> moved;
  for (const Contract& contract : contracts_of(request.filter)) {
    for (const Shape& shape : shapes_of(contract, request.shapes)) {
      for (const AuditedSubject& subject : request.subjects) {
        if (!subject.subject->supports(contract)) continue;
        courses.push_back({&subject, contract, shape, nullptr, 0, {}, false, ""});
        const LimitKey key{traffic_of(contract), bytes_of(contract, shape)};
        if (std::exchange(moved[key], true)) continue;
        for (const Mover& mover : movers()) {
          if (mover.traffic == key.first)
            courses.push_back({nullptr, contract, shape, &mover, key.second, {}, false, ""});
        }
      }
    }
  }
  return courses;
}

}  // namespace

Shape parse_shape(std::string_view text) {
  std::array<std::size_t, 2> sizes{};
  std::size_t count = 0;
  const char *at = text.data(), *const end = at + text.size();
  while (count < sizes.size()) {
    const auto [next, error] = std::from_chars(at, end, sizes[count]);
    if (error != std::errc() || sizes[count] == 0 || sizes[count] > most_elements) break;
    ++count;
    at = next;
    if (at == end || *at != 'x') break;
    ++at;
  }
  const Shape shape = count == 2 ? Shape{sizes[0], sizes[1], 1} : Shape{1, sizes[0], 1};
  if (count == 0 || at != end || text.back() == 'x' || shape.elements() > most_elements) {
    throw BadInput("'" + printable(text, 40) + "' is no shape: give a length or ROWSxCLASSES, of up to " +
                   std::to_string(most_elements) + " elements, as in 4096 or 256x32000");
  }
  return shape;
}

RunRecord run_speed(const SpeedRequest& request) {
  std::vector<Course> courses = courses_of(request);
  if (courses.empty()) throw BadInput("no subject declares any of these contracts: see lossaudit list functions");
  std::size_t largest = 0;
  for (const Course& course : courses) largest = std::max(largest, bytes_of(course.contract, course.shape));
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
    record.speed.push_back(
        speed_of(course, limits.at({traffic_of(course.contract), bytes_of(course.contract, course.shape)})));
  }
  if (record.speed.empty()) throw BadInput("nothing could be timed: every call failed");
  return record;
}

}  // namespace lossaudit
