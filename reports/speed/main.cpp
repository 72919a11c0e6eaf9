// speed_bench: fast/ beside the libraries that are installed, and the bandwidth limits, in one process and one run.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>

#include "adapters/kernel_libraries.hpp"
#include "audit/bandwidth.hpp"
#include "audit/machine.hpp"
#include "audit/name_contract.hpp"
#include "audit/record.hpp"
#include "fast/targets.hpp"
#include "reference/contract.hpp"
#include "reports/speed/arrays.hpp"
#include "reports/speed/check.hpp"
#include "reports/speed/fast_kernels.hpp"
#include "reports/speed/stopwatch.hpp"
#include "reports/speed/table.hpp"
#include "reports/speed/tasks.hpp"

namespace lossaudit::speed {
namespace {

using namespace adapters;  // the libraries that CMake found

// fast first: the others' results are held against its own.
constexpr KernelLibrary (*libraries[])() = {fast_kernels, KERNEL_LIBRARIES};

struct Arguments {
  std::string only, record, target;
  std::vector<std::string> subjects, benchmark;
};

const Kernel* find(const KernelLibrary& library, std::string_view contract) {
  for (const Kernel& kernel : library.kernels) {
    if (kernel.contract == contract) return &kernel;
  }
  return nullptr;
}

std::string mover_name(const Mover& mover, const Shape& shape) {
  return fmt::format("{} at {}", mover.name, shape.count());
}

/// The quickest way to move a task's arrays.
double limit_of(const std::map<std::string, Timing>& timings, const Task& task, const Shape& shape) {
  double limit = INFINITY;
  for (const Mover& mover : movers()) {
    const auto found = timings.find(mover_name(mover, shape));
    if (mover.traffic == task.traffic && found != timings.end()) limit = std::min(limit, found->second.median);
  }
  return limit;
}

struct Timed {
  const Task* task;
  Shape shape;
  std::string subject, note, name;
};

/// Registers each chosen task of each chosen library, and the limits that they need.
std::vector<Timed> register_all(const Arguments& a, const std::vector<KernelLibrary>& chosen, Arrays& arrays,
                                Stopwatch& stopwatch) {
  const std::regex only(a.only);
  std::vector<Timed> all;
  std::set<std::string> moved;
  for (const Task& task : tasks()) {
    if (!std::regex_search(task.contract.begin(), task.contract.end(), only)) continue;
    for (const Shape& shape : shapes_of(task)) {
      for (const KernelLibrary& library : chosen) {
        const Kernel* kernel = find(library, task.contract);
        if (kernel == nullptr || (task.only_fast && library.name != "fast")) continue;
        const Timed timed{&task, shape, library.name, kernel->note,
                          fmt::format("{} {} {} {}", library.name, task.contract, task.inputs, to_string(shape))};
        stopwatch.add(timed.name, shape.count(),
                      [&arrays, &task, shape, kernel] { return kernel->prepare(arrays.call(task, shape)); });
        all.push_back(timed);
      }
      for (const Mover& mover : movers()) {
        if (mover.traffic != task.traffic || !moved.insert(mover_name(mover, shape)).second) continue;
        stopwatch.add(mover_name(mover, shape), shape.count(), [&arrays, &task, shape, &mover] {
          const adapters::KernelCall call = arrays.call(task, {1, shape.count()});
          return std::function<void()>(
              [&mover, call] { mover.move(call.output, call.target, call.result, call.count()); });
        });
      }
    }
  }
  return all;
}

/// "sigmoid exact f32 forward" and so on, in a record's fields.
Speed speed_of(const Timed& timed, const Timing& timing, double limit) {
  const Contract contract = [&] {
    std::string text(timed.task->contract);
    if (const std::size_t at = text.find("+gradient"); at != std::string::npos) text.erase(at, 9);
    return parse_contract(text);
  }();
  Speed speed;
  speed.subject = timed.subject;
  name_contract(speed, contract);
  if (timed.task->contract.find("+gradient") != std::string_view::npos) speed.pass += "+gradient";
  speed.inputs = timed.task->inputs;
  speed.shape = to_string(timed.shape);
  speed.ns_per_element = timing.median;
  speed.limit_ns_per_element = limit;
  speed.least_ns_per_element = timing.least;
  speed.most_ns_per_element = timing.most;
  speed.repetitions = timing.repetitions;
  speed.note = timed.note;
  return speed;
}

/// -Ofast at a link, or a library, may have set it; every timing of tiny numbers would then be another's.
void refuse_flush_to_zero() {
  volatile float smallest = 0x1p-149F;
  const volatile float doubled = smallest * 2;
  if (doubled == 0) throw BadInput("a library made this process flush subnormals to zero: link it without -Ofast");
}

int run(const Arguments& a, const std::string& command) {
  std::vector<KernelLibrary> chosen;
  for (const auto& library : libraries) {
    KernelLibrary made = library();
    const bool wanted =
        a.subjects.empty() || std::find(a.subjects.begin(), a.subjects.end(), made.name) != a.subjects.end();
    if (!wanted) continue;
    if (made.name == "fast" && !a.target.empty()) made.version += ", " + a.target;
    chosen.push_back(std::move(made));
  }
  if (!a.target.empty()) fast::use_target(a.target);
  const std::string started = utc_now();
  Arrays arrays(largest_count);
  check_results(chosen);
  Stopwatch stopwatch;
  const std::vector<Timed> all = register_all(a, chosen, arrays, stopwatch);
  if (all.empty()) throw BadInput("nothing of the table matches --only '" + a.only + "'");
  const std::map<std::string, Timing> timings = stopwatch.run(a.benchmark);
  refuse_flush_to_zero();

  RunRecord record;
  record.tool_version = tool_version();
  record.tool_revision = tool_revision();
  record.command = command;
  record.started = started;
  record.machine = this_machine();
  for (const KernelLibrary& library : chosen)
    record.subjects.push_back({library.name, library.version, "speed_bench", false});
  for (const Timed& timed : all) {
    const auto found = timings.find(timed.name);
    if (found == timings.end()) continue;
    record.speed.push_back(speed_of(timed, found->second, limit_of(timings, *timed.task, timed.shape)));
  }
  print_table(record);
  if (!a.record.empty()) {
    std::filesystem::create_directories(std::filesystem::path(a.record).parent_path());
    save_record(record, a.record);
  }
  return 0;
}

}  // namespace
}  // namespace lossaudit::speed

int main(int count, char** values) {
  CLI::App app("Times fast/ and the libraries that are installed, beside the bandwidth limits.", "speed_bench");
  lossaudit::speed::Arguments arguments;
  app.add_option("--only", arguments.only, "Only contracts that this regular expression matches, as in 'sigmoid'");
  app.add_option("--subject", arguments.subjects, "Only these libraries")->delimiter(',')->allow_extra_args(false);
  app.add_option("--target", arguments.target, "The instruction set that fast runs on, as in AVX2 (default: the best)");
  app.add_option("-o", arguments.record, "Where to leave the run record")->option_text("RUN.json");
  app.footer("Google Benchmark's own options are taken too.");
  app.allow_extras();
  CLI11_PARSE(app, count, values);
  arguments.benchmark = app.remaining();
  std::string command = "speed_bench";
  for (int i = 1; i < count; ++i) command.append(" ").append(values[i]);
  try {
    return lossaudit::speed::run(arguments, command);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "speed_bench: %s\n", error.what());
    return 2;
  }
}
