// The run record ("lossaudit-run/1"): what one audit leaves. Every report is made from run records alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "audit/json_file.hpp"
#include "audit/maybe_const.hpp"

namespace lossaudit {

/// A case that shows something: its inputs in hex by argument name, what came back and what was due.
struct Witness {
  std::map<std::string, std::vector<std::string>> inputs;  ///< "output", "target", "labels", …: hex text, a row at most
  std::string computed;                                    ///< hex
  std::string exact;                                       ///< decimal, 20 digits or so
  std::string replay;                                      ///< the command that shows it again
  bool operator==(const Witness&) const = default;
};

template <class Io>
void fields(Io& io, MaybeConst<Witness> auto& x) {
  io.field("inputs", x.inputs);
  io.field("computed", x.computed);
  io.field("exact", x.exact);
  io.field("replay", x.replay);
}

struct RuleResult {
  std::string rule;
  std::uint64_t broken = 0;  ///< in how many cases
  bool required = true;      ///< false: recommended, reported and not failed
  Witness worst;
  std::string excused = {};  ///< why it fails nobody although it is required
};

/// Largest error over a stretch of the bit-ordered inputs (elementwise functions), or at a class count (rows), for
/// charts.
struct CurvePoint {
  double at = 0;  ///< the input at which the stretch's maximum was found, or the class count
  double max_ulp = 0;
};

template <class Io>
void fields(Io& io, MaybeConst<CurvePoint> auto& x) {
  io.field("at", x.at);
  io.field("max_ulp", x.max_ulp);
}

/// What a sweep found at the outputs of a binade (one sign and exponent), or of several next to one another that have
/// correctly rounded results alone.
struct SweepBinade {
  std::string first;        ///< the first output, in hex: the one nearest 0
  std::uint64_t count = 0;  ///< numeric results
  std::uint64_t not_correctly_rounded = 0;
  double max_ulp = 0, mean_ulp = 0;  ///< known to 2^-20
  bool operator==(const SweepBinade&) const = default;
};

/// Every value of an argument tried in vectors of neighbouring ones, and its results proved.
struct Sweep {
  std::string inputs;  ///< "every f32", "every f32 output, target 1", "every f32, upstream 1"
  std::uint64_t count = 0;
  double max_ulp = 0, mean_ulp = 0;
  double correctly_rounded = 0;           ///< fraction of numeric results
  std::string worst;                      ///< the output of the largest error, in hex
  double seconds = 0;                     ///< by the clock, without what went into the audit's other subjects
  std::string worst_target = {};          ///< beside it, of sweeps over pairs
  std::vector<SweepBinade> binades = {};  ///< in the order of the encodings, without those that have no number
  /// The largest error of the same inputs among others, where it is larger: results then depend on their neighbours, and
  /// nothing is proved. Else 0.
  double beside_ulp = 0;
  bool operator==(const Sweep&) const = default;
};

/// What a search for the worst input found; never more than a lower bound of the true maximum.
struct HuntResult {
  std::uint64_t searches = 0, cases = 0, results = 0;  ///< tried
  double seconds = 0;                                  ///< by the clock, the subject's own time included
  std::uint64_t seed = 0;
  double max_ulp = 0;    ///< the largest error that leaves something of the result
  double worst_ulp = 0;  ///< the error that `worst` shows: at least half of max_ulp, with the fewest inputs
  Witness worst;
  std::uint64_t lost_results = 0;  ///< of which nothing is left: normal numbers that came out as 0 or as far off
  Witness lost;                    ///< the smallest case of one
  std::uint64_t random_cases = 0;  ///< as many ordinary random cases of the same shapes, where asked for
  double random_ulp = 0, random_kept_ulp = 0;  ///< their largest error; and that of those which leave something
  bool operator==(const HuntResult&) const = default;
};

struct Accuracy {
  std::string subject, function, dialect, format, pass;
  std::string options;  ///< canonical text, "" for defaults
  std::string inputs;   ///< the names of the generators, with the seed
  std::uint64_t count = 0;
  double max_ulp = 0, mean_ulp = 0, max_relative_error = 0;
  double correctly_rounded = 0;  ///< fraction of numeric results
  Witness worst;
  std::string evidence;  ///< "proved" or "observed"
  double budget_ulp = 0;
  std::string budget_source;
  // Of a budget that is no plain number of ulps; the others leave these at their defaults, and out of the JSON.
  double budget_rtol = 0, budget_atol = 0;  ///< budget_ulp is then infinite
  std::string budget_text;                  ///< the budget in words: "1e-05 + 1.3e-06 |exact|"; "none": not judged
  double budget_share = 0;                  ///< the largest error as a multiple of what it was allowed
  Witness budget_worst;                     ///< where that is more than 1
  double budget_zero_passes = 0;  ///< a 0 is within the budget for every exact result up to this; 0: not known
  std::vector<RuleResult> rules;
  std::string verdict;     ///< "conforms", "exceeds", "crashed", "hung", "unsupported", "unjudged" (no budget)
  std::string detail;      ///< one line on a verdict other than conforms
  std::string excused;     ///< why an exceeded budget, a crash or a hang fails nobody
  std::string worse;       ///< by how much it got worse than its baseline, or than is expected
  std::string note;        ///< the subject's own remark on this contract
  std::string curve_axis;  ///< "input", "classes" or "losses"
  std::vector<CurvePoint> curve;
  std::vector<Sweep> sweeps;
  HuntResult hunt;
};

struct SubjectInfo {
  std::string name, version, origin;
  bool gated = true;
};

struct Speed {
  std::string subject, function, pass, shape;  ///< pass: also "forward+gradient"; shape: "4096", "256x32000"
  /// The median of the repetitions; and what it takes to move the arrays alone, measured in the same run.
  double ns_per_element = 0, limit_ns_per_element = 0;
  // What older records do not have.
  std::string dialect = {}, format = {}, options = {};  ///< as in Accuracy
  std::string inputs = {};                              ///< what was in the arrays, in words
  std::string note = {};                                ///< "composed here from exp and log1p"
  double least_ns_per_element = 0, most_ns_per_element = 0;
  std::uint64_t repetitions = 0;
};

/// How quick sweeps are (reports/sweep_bench.cpp): a time beside another one of the same run.
struct SweepSpeed {
  std::string what, beside;                          ///< "a sweep of fast's sigmoid", "fast's kernel alone"
  double ns_per_float = 0, beside_ns_per_float = 0;  ///< by the clock, on the processors of the run
  double goal = 0;                                   ///< for the quotient of the two
  bool at_least = false;                             ///< the goal is its least, not its largest
  bool operator==(const SweepSpeed&) const = default;
};

/// Errors at one length.
struct LengthPoint {
  std::uint64_t length = 0, samples = 0;  ///< terms of a sum, or classes of a row; sums, or rows
  double rms_ulp = 0, max_ulp = 0;
  double correctly_rounded = 0;  ///< fraction of the samples
  bool operator==(const LengthPoint&) const = default;
};

inline constexpr const char* same_bits_text = "same bits";

/// Errors over lengths of one subject under one contract, and where its results are the same to the bit.
struct LengthCurve {
  std::string subject, function, dialect, format, pass, options;
  std::vector<LengthPoint> points;  ///< lengths increase; empty where there is no length to vary
  double exponent = 0;              ///< of the length, fitted to the errors
  std::string accumulator;          ///< what that betrays: lengths/betrayal.hpp; "": the points do not tell
  std::map<std::string, std::string> same_bits;  ///< same_bits_text, or what differs (lengths/same_bits.hpp)
  std::string ended;  ///< why there are no more points: "gave nothing for 1,024 terms: crashed: …"; or ""
  bool operator==(const LengthCurve&) const = default;
};

/// What is not as in the baseline.
struct Change {
  std::string kind;  ///< "worse", "better", "uncompared", "new", "gone"
  std::string subject;
  std::string contract;  ///< "" where `text` speaks of several
  std::string text;
  bool operator==(const Change&) const = default;
};

/// What a record says that holds some parts of a divided audit (shard.hpp).
struct Shards {
  std::uint64_t count = 0;                       ///< of the whole audit; 0: the record holds all there is
  std::vector<std::uint64_t> held;               ///< those that it holds, from 1 on, increasing
  std::map<std::string, std::string> request;    ///< what must be the same for records to be merged, by name
  std::shared_ptr<const nlohmann::json> trials;  ///< what merge.hpp makes the whole of
  bool operator==(const Shards&) const = default;
};
struct RunRecord {
  std::string tool_version, tool_revision, command, started;  ///< UTC, ISO 8601
  std::uint64_t seed = 0;
  bool interrupted = false;  ///< it was stopped before everything planned was tried
  Shards shards;
  std::string profile;
  std::map<std::string, std::string> machine;  ///< "cpu", "cores", "memory", "os", "compiler", "simd"
  std::vector<SubjectInfo> subjects;
  std::vector<Accuracy> accuracy;
  std::vector<Speed> speed;
  std::vector<SweepSpeed> sweep_speed;
  std::vector<LengthCurve> lengths;
  std::string baseline;                       ///< the file it was held against
  std::vector<Change> changes;                ///< the worse ones first
  std::vector<std::string> no_longer_occurs;  ///< expected findings, by file and line
};

/// Why it is not the whole of an audit: "shards 1-3 of 8 alone", "stopped before everything was tried"; or "".
std::string what_it_lacks(const RunRecord& record);

inline constexpr const char* record_schema = "lossaudit-run/1";

/// The record in its JSON names. Strings are taken as they are: dump() it with the error handler `replace`.
nlohmann::json to_json(const RunRecord& record);

/// Strict about the type of every known field, silent about fields it does not know. Throws BadInput in one line,
/// "`where`: not a run record: accuracy[3].max_ulp: expected a number, found a string" and the like.
RunRecord parse_record(const nlohmann::json& json, const std::string& where);

/// Throws BadInput naming `path`.
RunRecord load_record(const std::filesystem::path& path);

/// Bytes that are not UTF-8 become U+FFFD. Throws BadInput when `path` cannot be written.
void save_record(const RunRecord& record, const std::filesystem::path& path);

}  // namespace lossaudit
