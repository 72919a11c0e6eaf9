// Run records made in code, for the tests of the record and of the reports.
#pragma once

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "audit/record.hpp"

namespace lossaudit::fixture {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A name that attacks each report: it ends scripts, comments, attributes, table cells and code blocks, and reorders
/// text.
inline const std::string hostile_name =
    "</script><script>document.documentElement.dataset.attacked=1</script><!--"
    "<img src=x onerror=document.documentElement.dataset.attacked=1>\"'`|]]>&amp;**b**\n\x1b[31m\xe2\x80\xae"
    "evil\xff";

/// A folder of the test's own, gone with it.
class Folder {
 public:
  Folder() : path(std::filesystem::temp_directory_path() / ("lossaudit-test-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path path;
};

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline Witness witness() {
  return {{{"output", {"-0x1.9p+6"}}},
          "0x0p+0",
          "3.7200759760208359630e-44",
          "lossaudit audit plain --contract 'sigmoid exact f32 forward' --case 'output=-0x1.9p+6'"};
}

/// A contract that conforms, with a curve over all of f32's inputs.
inline Accuracy conforming(const std::string& subject, const std::string& function) {
  Accuracy accuracy;
  accuracy.subject = subject;
  accuracy.function = function;
  accuracy.dialect = "exact";
  accuracy.format = "f32";
  accuracy.pass = "forward";
  accuracy.inputs = "special,binades seed=1";
  accuracy.count = 123456;
  accuracy.max_ulp = 0.5000001;
  accuracy.mean_ulp = 0.25;
  accuracy.max_relative_error = 5.9604645e-8;
  accuracy.correctly_rounded = 0.9999;
  accuracy.worst = witness();
  accuracy.evidence = "observed";
  accuracy.budget_ulp = 4;
  accuracy.budget_source = "profile faithful";
  accuracy.verdict = "conforms";
  accuracy.curve_axis = "input";
  for (int exponent = -120; exponent <= 120; exponent += 5) {
    const double error = 0.5 + 0.3 * std::sin(exponent);
    accuracy.curve.push_back({std::ldexp(-1.0, exponent), error});
    accuracy.curve.push_back({std::ldexp(1.0, exponent), error / 2});
  }
  return accuracy;
}

inline RuleResult broken(const std::string& rule, bool required) { return {rule, 17, required, witness()}; }

/// A curve of errors that grow with `exponent`.
inline LengthCurve curve(const std::string& subject, const std::string& function, double exponent,
                         const std::string& accumulator) {
  LengthCurve curve{subject, function, "exact", "f32", "forward", "", {}, exponent, accumulator, {}, ""};
  for (std::uint64_t n = 1; n <= 1 << 20; n *= 4) {
    const double rms = 0.3 * std::pow(static_cast<double>(n), exponent);
    curve.points.push_back({n, 16, rms, 2 * rms, 0.5});
  }
  for (const char* what : {"run to run", "alone"}) curve.same_bits[what] = same_bits_text;
  return curve;
}

/// Errors over lengths alone, of a hostile subject too.
inline RunRecord lengths() {
  RunRecord record;
  record.subjects = {{"fast", "0.1.0", "built in", true}, {hostile_name, hostile_name, hostile_name, true}};
  record.lengths = {curve("fast", "softmax", -0.001, "double"), curve(hostile_name, "softmax", 0.92, "float"),
                    curve("fast", "logsumexp", 0, hostile_name)};
  record.lengths[1].same_bits["alone"] = "differs: result 3 is 0x1p+0 or 0x1.000002p+0";
  record.lengths[2].ended = "no result of 128 terms: " + hostile_name;
  return record;
}

/// Four subjects: one that conforms, one with every fault there is, one with a hostile name, one that is not gated.
inline RunRecord record() {
  RunRecord record;
  record.tool_version = "0.1.0";
  record.tool_revision = "abc1234";
  record.command = "lossaudit audit fast plain";
  record.started = "2024-11-23T05:43:00Z";
  record.seed = 18446744073709551615ULL;
  record.profile = "faithful";
  record.machine = {{"cpu", "Example CPU <b>9000</b>"}, {"cores", "2"}};
  record.subjects = {{"fast", "0.1.0", "built in", true},
                     {"plain", "1", "bin/adapters/plain.so", true},
                     {hostile_name, hostile_name, hostile_name, true},
                     {"guest", "2", "guest.so", false}};

  for (const char* function : {"sigmoid", "softmax", "logsumexp"})
    record.accuracy.push_back(conforming("fast", function));
  Accuracy& rows = record.accuracy[1];
  rows.curve_axis = "classes";
  rows.curve = {{1, 0}, {2, 0.5}, {16, 0.9}, {1024, 1.4}};
  rows.evidence = "proved";
  record.accuracy[0].sweeps = {{"every f32",
                                4294967296,
                                0.50000001,
                                0.03,
                                0.99999999,
                                "-0x1.e6p-17",
                                9.81,
                                "",
                                {{"0x0p+0", 864026624, 0, 0.25, 0.004}, {"0x1p-24", 8388608, 43, 0.50000001, 0.375}}}};
  record.accuracy[2].rules = {broken("limits", false)};
  record.accuracy[2].curve.clear();

  Accuracy exceeding = conforming("plain", "sigmoid");
  exceeding.max_ulp = 8388608.5;
  exceeding.verdict = "exceeds";
  for (CurvePoint& point : exceeding.curve) point.max_ulp *= point.at < -1 ? 1e6 : 3;
  exceeding.curve[0] = {-infinity, infinity};
  exceeding.curve[1] = {not_a_number, 1};
  record.accuracy.push_back(exceeding);
  Accuracy breaking = rows;
  breaking.subject = "plain";
  breaking.max_ulp = infinity;
  breaking.mean_ulp = not_a_number;
  breaking.verdict = "exceeds";
  breaking.evidence = "observed";
  breaking.rules = {broken("number_due", true), broken("limits", false)};
  breaking.curve = {{1, 0}, {2, 40}, {16, 3000}, {1024, infinity}};
  record.accuracy.push_back(breaking);
  Accuracy crashed = conforming("plain", "logsumexp");
  crashed.verdict = "crashed";
  crashed.detail = "signal 11 (segmentation fault)";
  crashed.evidence = "";
  crashed.curve.clear();
  record.accuracy.push_back(crashed);

  Accuracy hostile = exceeding;
  hostile.subject = hostile.note = hostile.detail = hostile.options = hostile.worst.replay = hostile.worst.computed =
      hostile.worst.exact = hostile.budget_source = hostile.inputs = hostile_name;
  hostile.worst.inputs = {{hostile_name, {hostile_name, hostile_name}}};
  hostile.rules = {broken(hostile_name, true)};
  record.accuracy.push_back(hostile);
  hostile = conforming(hostile_name, hostile_name);
  hostile.format = hostile.dialect = hostile.pass = hostile_name;
  record.accuracy.push_back(hostile);

  Accuracy guest = exceeding;
  guest.subject = "guest";
  record.accuracy.push_back(guest);
  guest = conforming("guest", "softmax");
  guest.verdict = "unsupported";
  guest.curve.clear();
  record.accuracy.push_back(guest);

  record.speed = {{"fast", "sigmoid", "forward", "1x65536x1", 0.25, 0.2},
                  {"plain", "sigmoid", "forward", "1x65536x1", 4.5, 0},
                  {hostile_name, "sigmoid", "forward", hostile_name, 4.5, 0}};
  record.speed.back().note = record.speed.back().inputs = hostile_name;
  return record;
}

/// What a run that only timed leaves: three subjects at two shapes.
inline RunRecord timed() {
  RunRecord record;
  record.sweep_speed = {{"a sweep of fast's sigmoid", "its kernel alone", 0.5, 0.25, 8, false},
                        {"the same with " + std::string(hostile_name), "a sweep", 899.96, 0.5, 300, true}};
  record.started = "2024-11-24T05:43:00Z";
  record.subjects = {{"fast", "0.1.0", "", false}, {"plain", "1", "", false}, {"guest", "2", "", false}};
  for (const char* shape : {"4096", "10000000"}) {
    for (const SubjectInfo& subject : record.subjects) {
      Speed speed{subject.name, "sigmoid", "forward", shape, 1, 0.25};
      speed.dialect = "exact";
      speed.format = "f32";
      speed.inputs = "logits N(0, 5)";
      speed.least_ns_per_element = 0.5;
      speed.most_ns_per_element = 2;
      speed.repetitions = 9;
      if (subject.name == "plain") speed.ns_per_element = 0.5;
      if (subject.name == "guest") speed.ns_per_element = 1.5;
      record.speed.push_back(speed);
    }
  }
  return record;
}

}  // namespace lossaudit::fixture
