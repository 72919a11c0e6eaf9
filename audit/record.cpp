#include "audit/record.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "audit/json_fields.hpp"
#include "audit/shard.hpp"
#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> verdicts = {"conforms", "exceeds",     "crashed",
                                                      "hung",     "unsupported", "unjudged"};
constexpr std::array<std::string_view, 5> changes = {"worse", "better", "uncompared", "new", "gone"};
/// A contract that gave no number has no evidence.
constexpr std::array<std::string_view, 3> evidences = {"proved", "observed", ""};

}  // namespace

// Every name of the run record stands once, in these lists. They are outside the unnamed namespace, where json_fields.hpp
// would not find them.

template <class Io>
void fields(Io& io, MaybeConst<RuleResult> auto& x) {
  io.field("rule", x.rule);
  io.field("broken", x.broken);
  io.field("required", x.required);
  io.field("worst", x.worst);
  io.optional("excused", x.excused);
}

template <class Io>
void fields(Io& io, MaybeConst<SweepBinade> auto& x) {
  io.field("first", x.first);
  io.field("count", x.count);
  io.field("not_correctly_rounded", x.not_correctly_rounded);
  io.field("max_ulp", x.max_ulp);
  io.field("mean_ulp", x.mean_ulp);
}

template <class Io>
void fields(Io& io, MaybeConst<Sweep> auto& x) {
  io.field("inputs", x.inputs);
  io.field("count", x.count);
  io.field("max_ulp", x.max_ulp);
  io.field("mean_ulp", x.mean_ulp);
  io.field("correctly_rounded", x.correctly_rounded);
  io.field("worst", x.worst);
  io.field("seconds", x.seconds);
  io.optional("worst_target", x.worst_target);
  io.optional("binades", x.binades);
  io.optional("beside_ulp", x.beside_ulp);
}

template <class Io>
void fields(Io& io, MaybeConst<HuntResult> auto& x) {
  io.field("searches", x.searches);
  io.field("cases", x.cases);
  io.field("results", x.results);
  io.field("seconds", x.seconds);
  io.field("seed", x.seed);
  io.field("max_ulp", x.max_ulp);
  io.field("worst_ulp", x.worst_ulp);
  io.field("worst", x.worst);
  io.field("lost_results", x.lost_results);
  io.optional("lost", x.lost);
  io.optional("random_cases", x.random_cases);
  io.optional("random_ulp", x.random_ulp);
  io.optional("random_kept_ulp", x.random_kept_ulp);
}

template <class Io>
void fields(Io& io, MaybeConst<Accuracy> auto& x) {
  io.field("subject", x.subject);
  io.field("function", x.function);
  io.field("dialect", x.dialect);
  io.field("format", x.format);
  io.field("pass", x.pass);
  io.field("options", x.options);
  io.field("inputs", x.inputs);
  io.field("count", x.count);
  io.field("max_ulp", x.max_ulp);
  io.field("mean_ulp", x.mean_ulp);
  io.field("max_relative_error", x.max_relative_error);
  io.field("correctly_rounded", x.correctly_rounded);
  io.field("worst", x.worst);
  io.one_of("evidence", x.evidence, evidences);
  io.group("budget", [&x](auto& budget) {
    budget.field("ulp", x.budget_ulp);
    budget.field("source", x.budget_source);
    budget.optional("rtol", x.budget_rtol);
    budget.optional("atol", x.budget_atol);
    budget.optional("text", x.budget_text);
    budget.optional("share", x.budget_share);
    budget.optional("worst", x.budget_worst);
    budget.optional("zero_passes_up_to", x.budget_zero_passes);
  });
  io.field("rules", x.rules);
  io.one_of("verdict", x.verdict, verdicts);
  io.field("detail", x.detail);
  io.optional("excused", x.excused);
  io.optional("worse", x.worse);
  io.field("note", x.note);
  io.field("curve_axis", x.curve_axis);
  io.field("curve", x.curve);
  io.optional("sweeps", x.sweeps);
  io.optional("hunt", x.hunt);
}

template <class Io>
void fields(Io& io, MaybeConst<SubjectInfo> auto& x) {
  io.field("name", x.name);
  io.field("version", x.version);
  io.field("origin", x.origin);
  io.field("gated", x.gated);
}

template <class Io>
void fields(Io& io, MaybeConst<SweepSpeed> auto& x) {
  io.field("what", x.what);
  io.field("beside", x.beside);
  io.field("ns_per_float", x.ns_per_float);
  io.field("beside_ns_per_float", x.beside_ns_per_float);
  io.field("goal", x.goal);
  io.field("at_least", x.at_least);
}

template <class Io>
void fields(Io& io, MaybeConst<Speed> auto& x) {
  io.field("subject", x.subject);
  io.field("function", x.function);
  io.field("pass", x.pass);
  io.field("shape", x.shape);
  io.field("ns_per_element", x.ns_per_element);
  io.field("limit_ns_per_element", x.limit_ns_per_element);
  io.optional("dialect", x.dialect);
  io.optional("format", x.format);
  io.optional("options", x.options);
  io.optional("inputs", x.inputs);
  io.optional("note", x.note);
  io.optional("least_ns_per_element", x.least_ns_per_element);
  io.optional("most_ns_per_element", x.most_ns_per_element);
  io.optional("repetitions", x.repetitions);
}

template <class Io>
void fields(Io& io, MaybeConst<LengthPoint> auto& x) {
  io.field("length", x.length);
  io.field("samples", x.samples);
  io.field("rms_ulp", x.rms_ulp);
  io.field("max_ulp", x.max_ulp);
  io.field("correctly_rounded", x.correctly_rounded);
}

template <class Io>
void fields(Io& io, MaybeConst<LengthCurve> auto& x) {
  io.field("subject", x.subject);
  io.field("function", x.function);
  io.field("dialect", x.dialect);
  io.field("format", x.format);
  io.field("pass", x.pass);
  io.field("options", x.options);
  io.field("points", x.points);
  io.field("exponent", x.exponent);
  io.field("accumulator", x.accumulator);
  io.field("same_bits", x.same_bits);
  io.optional("ended", x.ended);
}

template <class Io>
void fields(Io& io, MaybeConst<Change> auto& x) {
  io.one_of("kind", x.kind, changes);
  io.field("subject", x.subject);
  io.field("contract", x.contract);
  io.field("text", x.text);
}

template <class Io>
void fields(Io& io, MaybeConst<Shards> auto& x) {
  io.field("count", x.count);
  io.field("held", x.held);
  io.field("request", x.request);
}

template <class Io>
void fields(Io& io, MaybeConst<RunRecord> auto& x) {
  io.group("tool", [&x](auto& tool) {
    tool.field("version", x.tool_version);
    tool.field("revision", x.tool_revision);
  });
  io.field("command", x.command);
  io.field("started", x.started);
  io.field("seed", x.seed);
  io.optional("interrupted", x.interrupted);
  io.optional("shards", x.shards);
  io.field("profile", x.profile);
  io.field("machine", x.machine);
  io.field("subjects", x.subjects);
  io.field("accuracy", x.accuracy);
  io.field("speed", x.speed);
  io.optional("sweep_speed", x.sweep_speed);
  io.optional("lengths", x.lengths);
  io.optional("baseline", x.baseline);
  io.optional("changes", x.changes);
  io.optional("no_longer_occurs", x.no_longer_occurs);
}

namespace {

constexpr const char* kind = "a run record";

void check_shards(const JsonReader& reader, Shards& shards, const json& object) {
  if (!object.contains("shards")) return;
  const json& found = object["shards"];
  const auto& held = shards.held;
  const bool increasing = std::ranges::adjacent_find(held, std::greater_equal<>()) == held.end();
  if (shards.count < 1 || shards.count > most_shards || held.empty() || !increasing || held.front() < 1 ||
      held.back() > shards.count) {
    reader.refuse("shards.held", "numbers from 1 to shards.count, increasing", found["held"]);
  }
  if (found.contains("trials")) shards.trials = std::make_shared<const json>(found["trials"]);
}

}  // namespace

std::string what_it_lacks(const RunRecord& record) {
  std::string text;
  const auto& [count, held, request, trials] = record.shards;
  for (std::size_t i = 0; i < held.size(); ++i) {
    std::size_t last = i;
    while (last + 1 < held.size() && held[last + 1] == held[last] + 1) ++last;
    text += (i == 0 ? held.size() == 1 ? "shard " : "shards " : ", ") + std::to_string(held[i]);
    if (last > i) text += (last == i + 1 ? ", " : "-") + std::to_string(held[last]);
    i = last;
  }
  if (count > 0) text += " of " + std::to_string(count) + " alone";
  if (record.interrupted) text += std::string(text.empty() ? "" : ", ") + "stopped before everything was tried";
  return text;
}

json to_json(const RunRecord& record) {
  json object;
  JsonWriter writer(object);
  fields(writer, record);
  object["schema"] = record_schema;
  if (record.shards.trials != nullptr) object["shards"]["trials"] = *record.shards.trials;
  return object;
}

RunRecord parse_record(const json& object, const std::string& where) {
  const std::string what = kind;
  const JsonReader reader(object, where, what);
  std::string schema;
  reader.field("schema", schema);
  if (schema != record_schema) {
    reader.refuse("schema", "\"" + std::string(record_schema) + "\", the one this version reads", object["schema"]);
  }
  RunRecord record;
  fields(reader, record);
  check_shards(reader, record.shards, object);
  return record;
}

RunRecord load_record(const std::filesystem::path& path) { return parse_record(load_json(path, kind), path.string()); }

void save_record(const RunRecord& record, const std::filesystem::path& path) {
  save_text(path, to_json(record).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace lossaudit
