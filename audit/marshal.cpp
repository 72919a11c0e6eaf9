#include "audit/marshal.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace lossaudit {
namespace {

template <typename Stored>
void put(std::byte* to, std::size_t index, Stored value) {
  std::memcpy(to + index * sizeof value, &value, sizeof value);
}

template <typename Stored>
Stored get(const std::byte* from, std::size_t index) {
  Stored value;
  std::memcpy(&value, from + index * sizeof value, sizeof value);
  return value;
}

void fill_unwritten(Format format, std::byte* to, std::size_t count) {
  const std::uint64_t bits = unwritten(format);
  const auto fill = [&](auto pattern) {
    for (std::size_t i = 0; i < count; ++i) put(to, i, pattern);
  };
  switch (traits(format).bytes) {
    case 8:
      return fill(bits);
    case 4:
      return fill(static_cast<std::uint32_t>(bits));
    default:
      return fill(static_cast<std::uint16_t>(bits));
  }
}

constexpr std::size_t index_of(Tensor tensor) { return static_cast<std::size_t>(tensor); }

}  // namespace

void store_values(Format format, std::span<const double> values, std::byte* to) {
  if (values.empty()) return;
  switch (format) {
    case Format::f64:
      std::memcpy(to, values.data(), values.size_bytes());
      break;
    case Format::f32:
      // A conversion would quiet a signalling NaN; for every other value of the format it is exact.
      for (std::size_t i = 0; i < values.size(); ++i) {
        put(to, i,
            std::isnan(values[i]) ? std::bit_cast<float>(static_cast<std::uint32_t>(encode(format, values[i])))
                                  : static_cast<float>(values[i]));
      }
      break;
    case Format::f16:
    case Format::bf16:
      for (std::size_t i = 0; i < values.size(); ++i) put(to, i, static_cast<std::uint16_t>(encode(format, values[i])));
      break;
  }
}

void load_values(Format format, const std::byte* from, std::span<double> values) {
  switch (format) {
    case Format::f64:
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = get<double>(from, i);
      break;
    case Format::f32:
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto value = get<float>(from, i);
        values[i] =
            std::isnan(value) ? decode(format, std::bit_cast<std::uint32_t>(value)) : static_cast<double>(value);
      }
      break;
    case Format::f16:
    case Format::bf16:
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = decode(format, get<std::uint16_t>(from, i));
      break;
  }
}

SubjectCall::SubjectCall(const Contract& contract, const Shape& shape)
    : contract_(contract), shape_(shape), result_count_(result_size(contract, shape)) {
  bytes_[index_of(Tensor::result)] = result_count_ * static_cast<std::size_t>(traits(contract.format).bytes);
}

std::chrono::milliseconds SubjectCall::limit(std::chrono::milliseconds limit) const {
  const std::size_t bytes = std::accumulate(bytes_.begin(), bytes_.end(), std::size_t{0});
  return limit + std::chrono::seconds(bytes >> 24);
}

void SubjectCall::store(const TensorPlaces& places) const {
  store_inputs(places);
  fill_unwritten(contract_.format, places[index_of(Tensor::result)], result_count_);
}

BatchCall::BatchCall(const Contract& contract, const Batch& batch, std::span<double> results)
    : SubjectCall(contract, batch.shape), batch_(batch), results_(results) {
  const auto size = static_cast<std::size_t>(traits(contract.format).bytes);
  bytes_[index_of(Tensor::output)] = batch.output.size() * size;
  bytes_[index_of(Tensor::target)] = batch.target.size() * size;
  bytes_[index_of(Tensor::labels)] = batch.labels.size() * sizeof(std::int64_t);
  bytes_[index_of(Tensor::class_weights)] = batch.class_weights.size() * size;
  bytes_[index_of(Tensor::sample_weights)] = batch.sample_weights.size() * size;
  bytes_[index_of(Tensor::upstream)] = batch.upstream.size() * size;
}

void BatchCall::store_inputs(const TensorPlaces& places) const {
  const Format format = contract().format;
  store_values(format, batch_.output, places[index_of(Tensor::output)]);
  store_values(format, batch_.target, places[index_of(Tensor::target)]);
  store_values(format, batch_.class_weights, places[index_of(Tensor::class_weights)]);
  store_values(format, batch_.sample_weights, places[index_of(Tensor::sample_weights)]);
  store_values(format, batch_.upstream, places[index_of(Tensor::upstream)]);
  std::byte* labels = places[index_of(Tensor::labels)];
  for (std::size_t i = 0; i < batch_.labels.size(); ++i) put(labels, i, batch_.labels[i]);
}

void BatchCall::load(const std::byte* result) const { load_values(contract().format, result, results_); }

StoredCall::StoredCall(const Contract& contract, const Shape& shape, const StoredTensors& inputs,
                       std::span<std::byte> result)
    : SubjectCall(contract, shape), inputs_(inputs), result_(result) {
  bytes_[index_of(Tensor::output)] = inputs.output.size();
  bytes_[index_of(Tensor::target)] = inputs.target.size();
  bytes_[index_of(Tensor::upstream)] = inputs.upstream.size();
  bytes_[index_of(Tensor::labels)] = inputs.labels.size_bytes();
  if (result.size() != bytes_[index_of(Tensor::result)]) {
    throw std::invalid_argument("compute_stored: result must have room for result_size(contract, shape) values");
  }
}

void StoredCall::store_inputs(const TensorPlaces& places) const {
  const auto copy = [&](Tensor tensor, std::span<const std::byte> from) {
    if (!from.empty()) std::memcpy(places[index_of(tensor)], from.data(), from.size());
  };
  copy(Tensor::output, inputs_.output);
  copy(Tensor::target, inputs_.target);
  copy(Tensor::upstream, inputs_.upstream);
  copy(Tensor::labels, std::as_bytes(inputs_.labels));
}

void StoredCall::load(const std::byte* result) const { std::memcpy(result_.data(), result, result_.size()); }

lossaudit_contract to_abi(const Contract& contract) {
  const Options& options = contract.options;
  return {
      .size = sizeof(lossaudit_contract),
      .function = traits(contract.function).name.data(),
      .dialect = traits(contract.dialect).name.data(),
      .format = traits(contract.format).name.data(),
      .pass = to_string(contract.pass).data(),
      .reduction = to_string(options.reduction).data(),
      .from_logits = options.from_logits ? 1 : 0,
      .has_ignore_index = options.ignore_index ? 1 : 0,
      .ignore_index = options.ignore_index.value_or(0),
      .epsilon = clip_epsilon(contract),
      .label_smoothing = options.label_smoothing,
      .pos_weight = options.pos_weight.value_or(1),
  };
}

lossaudit_tensors to_abi(const Shape& shape, const TensorPlaces& places, std::size_t result_count) {
  const auto place = [&](Tensor tensor) { return places[static_cast<std::size_t>(tensor)]; };
  return {
      .size = sizeof(lossaudit_tensors),
      .outer = shape.outer,
      .classes = shape.classes,
      .inner = shape.inner,
      .output = place(Tensor::output),
      .target = place(Tensor::target),
      // Places are aligned for their values: a labels tensor's for int64_t.
      .labels = static_cast<const std::int64_t*>(static_cast<const void*>(place(Tensor::labels))),
      .class_weights = place(Tensor::class_weights),
      .sample_weights = place(Tensor::sample_weights),
      .upstream = place(Tensor::upstream),
      .result = place(Tensor::result),
      .result_count = result_count,
  };
}

Outcome outcome_of(int status) {
  switch (status) {
    case LOSSAUDIT_OK:
      return {Outcome::Kind::computed, ""};
    case LOSSAUDIT_UNSUPPORTED:
      return {Outcome::Kind::unsupported, "declares this contract, but answers LOSSAUDIT_UNSUPPORTED"};
    case LOSSAUDIT_FAILED:
      return {Outcome::Kind::failed, "answers LOSSAUDIT_FAILED"};
    default:
      return {Outcome::Kind::failed, "answers " + std::to_string(status) + ", which is no status"};
  }
}

}  // namespace lossaudit
