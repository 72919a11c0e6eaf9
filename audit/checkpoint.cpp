#include "audit/checkpoint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/record.hpp"

namespace lossaudit {

// The lists of fields stand outside the unnamed namespace, where json_fields.hpp would not find them.

template <class Io>
void fields(Io& io, MaybeConst<Position> auto& x) {
  io.field("round", x.round);
  io.field("next", x.next);
  io.field("seconds", x.seconds);
  io.field("hangs", x.hangs);
}

/// A value with all its bits, the payload of a NaN too; and a batch by its origin.
struct SavedSighting {
  std::string batch, computed;
  std::uint64_t result = 0;
  double size = 0;
};

template <class Io>
void fields(Io& io, MaybeConst<SavedSighting> auto& x) {
  io.field("batch", x.batch);
  io.field("result", x.result);
  io.field("size", x.size);
  io.field("computed", x.computed);
}

namespace {
constexpr const char* kind = "a checkpoint of lossaudit";

/// A batch of which only the origin is known yet.
std::shared_ptr<const Batch> named_batch(const std::string& origin) {
  if (origin.empty()) return nullptr;
  auto batch = std::make_shared<Batch>();
  batch->origin = origin;
  return batch;
}
std::string origin_of(const std::shared_ptr<const Batch>& batch) { return batch == nullptr ? "" : batch->origin; }
}  // namespace

template <class Io>
void fields(Io& io, const Sighting& x) {
  const SavedSighting saved{origin_of(x.batch), to_hex(Format::f64, x.computed), x.result, x.size};
  fields(io, saved);
}
template <class Io>
void fields(Io& io, Sighting& x) {
  SavedSighting saved;
  fields(io, saved);
  const std::optional<double> computed = parse_number(Format::f64, saved.computed);
  if (!computed) io.refuse(io.path_to("computed"), "a number in hex", saved.computed);
  x = {named_batch(saved.batch), saved.result, saved.size, *computed};
}

template <class Io>
void fields(Io& io, MaybeConst<Accumulator> auto& x) {
  Accumulator::state(io, x);
}

template <class Io>
void fields(Io& io, MaybeConst<Outcome> auto& x) {
  auto outcome = static_cast<std::uint64_t>(x.kind);
  io.field("kind", outcome);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(x)>>) {
    if (outcome > static_cast<std::uint64_t>(Outcome::Kind::hung)) io.refuse(io.path_to("kind"), "an outcome", outcome);
    x.kind = static_cast<Outcome::Kind>(outcome);
  }
  io.field("detail", x.detail);
}

template <class Io>
void fields(Io& io, MaybeConst<Trial> auto& x) {
  io.field("generators", x.generators);
  io.field("covered", x.covered);
  io.field("sweeps", x.sweeps);
  io.field("refused", x.refused);
  io.field("crashes", x.crashes);
  io.field("stopped", x.stopped);
  io.field("failure", x.failure);
  std::string failed_on = origin_of(x.failed_on);
  io.field("failed_on", failed_on);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(x)>>) x.failed_on = named_batch(failed_on);
  io.field("results", x.results);
}

namespace {

using nlohmann::json;

void check_same(const std::filesystem::path& path, const std::map<std::string, std::string>& then,
                const std::map<std::string, std::string>& now) {
  for (const auto& [name, value] : now) {
    const auto found = then.find(name);
    if (found == then.end() || found->second != value) {
      throw BadInput(fmt::format("{}: left by an audit with another {}: say what it was then, or leave out --resume",
                                 path.string(), name));
    }
  }
}

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
  trial.results.each_sighting([&](Sighting& sighting) {
    remake(sighting.batch);
    if (sighting.batch != nullptr && sighting.result >= result_size(trial.contract, sighting.batch->shape)) {
      throw BadInput(where + ": names a result that no batch has: leave out --resume");
    }
  });
  for (const std::size_t generator : trial.generators) {
    if (generator >= generators().size()) throw BadInput(where + ": names no generator of this version");
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                     const Position& position, const std::vector<NamedTrial>& trials) {
  json whole;
  JsonWriter writer(whole);
  writer.field("request", request);
  writer.field("position", position);
  writer.group("trials", [&](JsonWriter& each) {
    for (const NamedTrial& named : trials) each.field(named.name.c_str(), *named.trial);
  });
  save_text(path, whole.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

Position load_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                         const std::vector<NamedTrial>& trials, const MakeBatch& make_batch) {
  const json whole = load_json(path, kind);
  const std::string where = path.string(), what = kind;
  const JsonReader reader(whole, where, what);
  std::map<std::string, std::string> then;
  reader.field("request", then);
  check_same(path, then, request);
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
