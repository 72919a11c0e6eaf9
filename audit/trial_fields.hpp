// A trial as JSON: what an audit that goes on, or is merged with others, has to know of it. Batches go by their origins.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "audit/json_fields.hpp"
#include "audit/maybe_const.hpp"
#include "audit/trial.hpp"

namespace lossaudit {

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

/// A batch of which only the origin is known.
inline std::shared_ptr<const Batch> named_batch(const std::string& origin) {
  if (origin.empty()) return nullptr;
  auto batch = std::make_shared<Batch>();
  batch->origin = origin;
  return batch;
}
inline std::string origin_of(const std::shared_ptr<const Batch>& batch) {
  return batch == nullptr ? "" : batch->origin;
}

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
  io.field("hunt", x.hunt);
  io.field("refused", x.refused);
  io.field("crashes", x.crashes);
  io.field("stopped", x.stopped);
  io.field("failure", x.failure);
  std::string failed_on = origin_of(x.failed_on);
  io.field("failed_on", failed_on);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(x)>>) x.failed_on = named_batch(failed_on);
  io.field("results", x.results);
}

}  // namespace lossaudit
