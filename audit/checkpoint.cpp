#include "audit/checkpoint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/json_file.hpp"
#include "audit/trial_fields.hpp"

namespace lossaudit {

// Outside the unnamed namespace, where json_fields.hpp would not find it.
template <class Io>
void fields(Io& io, MaybeConst<Position> auto& x) {
  io.field("round", x.round);
  io.field("next", x.next);
  io.field("seconds", x.seconds);
  io.field("hangs", x.hangs);
}

namespace {

using nlohmann::json;

constexpr const char* kind = "a checkpoint of lossaudit";

/// Gives a trial that was read the batches that it names.
void remake_batches(Trial& trial, const std::string& where, const MakeBatch& make_batch) {
  std::map<std::string, std::shared_ptr<const Batch>> made;
  const auto remake = [&](std::shared_ptr<const Batch>& batch) {
    if (batch == nullptr) return;
    std::shared_ptr<const Batch>& again = made[batch->origin];
    if (again == nullptr) again = make_batch(trial.contract, batch->origin);
    if (again == nullptr) throw BadInput(where + ": names inputs that no generator makes: leave out --resume");
    batch = again;
  };
  remake(trial.failed_on);
  const auto remake_sighting = [&](Sighting& sighting) {
    remake(sighting.batch);
    if (sighting.batch != nullptr && sighting.result >= result_size(trial.contract, sighting.batch->shape)) {
      throw BadInput(where + ": names a result that no batch has: leave out --resume");
    }
  };
  Accumulator::each_sighting(trial.results, remake_sighting);
  remake_sighting(trial.hunt.worst);
  remake_sighting(trial.hunt.lost);
  for (const std::size_t generator : trial.generators) {
    if (generator >= generators().size()) throw BadInput(where + ": names no generator of this version");
  }
}

}  // namespace

void check_same_request(const std::filesystem::path& path, const std::map<std::string, std::string>& then,
                        const std::map<std::string, std::string>& now, std::string_view what) {
  for (const auto& [name, value] : now) {
    const auto found = then.find(name);
    if (found != then.end() && found->second == value) continue;
    throw BadInput(fmt::format("{}: left by {} {} with another {}: say what it was then, or leave out --resume",
                               path.string(), what == "audit" ? "an" : "a", what, name));
  }
}

void save_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                     const Position& position, const std::vector<NamedTrial>& trials) {
  const auto text_of = [](const json& part) { return part.dump(-1, ' ', false, json::error_handler_t::replace); };
  json head;
  JsonWriter writer(head);
  writer.field("request", request);
  writer.field("position", position);
  std::string text = text_of(head);
  // Trial by trial: as one tree, what many sweeps found takes more memory than all else.
  text.back() = ',';
  text += "\"trials\":{";
  for (const NamedTrial& named : trials) {
    json one;
    JsonWriter(one).field(named.name.c_str(), *named.trial);
    const std::string member = text_of(one);
    if (text.back() != '{') text += ',';
    text.append(member, 1, member.size() - 2);
  }
  text += "}}\n";
  save_text(path, text);
}

Position load_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                         const std::vector<NamedTrial>& trials, const MakeBatch& make_batch) {
  const json whole = load_json(path, kind);
  const std::string where = path.string(), what = kind;
  const JsonReader reader(whole, where, what);
  std::map<std::string, std::string> then;
  reader.field("request", then);
  check_same_request(path, then, request, "audit");
  Position position;
  reader.field("position", position);
  reader.group("trials", [&](const JsonReader& each) {
    for (const NamedTrial& named : trials) {
      each.field(named.name.c_str(), *named.trial);
      remake_batches(*named.trial, where, make_batch);
    }
  });
  return position;
}

}  // namespace lossaudit
