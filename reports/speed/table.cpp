#include "reports/speed/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reports/speed/tasks.hpp"

namespace lossaudit::speed {
namespace {

/// What is timed, without where it is the same for all.
std::string title_of(const Speed& speed) {
  std::string title = speed.function + " " + speed.dialect + " " + speed.pass;
  if (!speed.options.empty()) title += " " + speed.options;
  return title + ", " + speed.inputs;
}

double goal_of(const Speed& speed) {
  for (const Task& task : tasks()) {
    const std::string contract = fmt::format("{} {} {} {}{}{}", speed.function, speed.dialect, speed.format, speed.pass,
                                             speed.options.empty() ? "" : " ", speed.options);
    if (task.contract != contract || task.inputs != speed.inputs) continue;
    return speed.shape == "10000000" ? task.goal_from_memory : speed.shape == "65536" ? 0 : task.goal_in_cache;
  }
  return 0;
}

std::string comparison(const Speed& fast, const Speed* fastest) {
  if (fastest == nullptr) return "";
  const double ratio = fast.ns_per_element / fastest->ns_per_element, goal = goal_of(fast);
  std::string text = fmt::format("{:6.2f} of {:<9}", ratio, fastest->subject);
  if (goal > 0) text += fmt::format(" goal {:4.2f} {}", goal, ratio <= goal ? "met" : "MISSED");
  return text;
}

}  // namespace

void print_table(const RunRecord& record) {
  using Line = std::pair<std::string, std::string>;        // title and shape
  std::map<Line, std::map<std::string, const Speed*>> at;  // by subject
  std::vector<Line> lines;
  for (const Speed& speed : record.speed) {
    auto& subjects = at[{title_of(speed), speed.shape}];
    if (subjects.empty()) lines.emplace_back(title_of(speed), speed.shape);
    subjects[speed.subject] = &speed;
  }
  fmt::print("\nns an element, one core, median; fast: the ratio to the fastest other\n");
  std::string last;
  for (const auto& [title, shape] : lines) {
    if (title != last) {
      fmt::print("\n{}\n{:>12}{:>9}", title, "", "limit");
      for (const SubjectInfo& subject : record.subjects) fmt::print("{:>9}", subject.name.substr(0, 8));
      fmt::print("\n");
      last = title;
    }
    const auto& subjects = at[{title, shape}];
    fmt::print("{:>12}{:9.4f}", shape, subjects.begin()->second->limit_ns_per_element);
    const Speed* fastest = nullptr;
    for (const SubjectInfo& subject : record.subjects) {
      const auto found = subjects.find(subject.name);
      if (found == subjects.end()) {
        fmt::print("{:>9}", "");
        continue;
      }
      const Speed* speed = found->second;
      fmt::print("{:9.4f}", speed->ns_per_element);
      if (subject.name != "fast" && (fastest == nullptr || speed->ns_per_element < fastest->ns_per_element)) {
        fastest = speed;
      }
    }
    const auto fast = subjects.find("fast");
    fmt::print("  {}\n", fast == subjects.end() ? "" : comparison(*fast->second, fastest));
  }
}

}  // namespace lossaudit::speed
