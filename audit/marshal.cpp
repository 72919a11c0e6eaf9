#include "audit/marshal.hpp"

#include <bit>
#include <cmath>
#include <cstring>

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
  for (std::size_t i = 0; i < count; ++i) {
    switch (traits(format).bytes) {
      case 8:
        put(to, i, bits);
        break;
      case 4:
        put(to, i, static_cast<std::uint32_t>(bits));
        break;
      default:
        put(to, i, static_cast<std::uint16_t>(bits));
        break;
    }
  }
}

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

TensorBytes tensor_bytes(const Contract& contract, const Batch& batch) {
  const auto size = static_cast<std::size_t>(traits(contract.format).bytes);
  return {batch.output.size() * size,
          batch.target.size() * size,
          batch.labels.size() * sizeof(std::int64_t),
          batch.class_weights.size() * size,
          batch.sample_weights.size() * size,
          batch.upstream.size() * size,
          result_size(contract, batch.shape) * size};
}

void store(const Contract& contract, const Batch& batch, const TensorPlaces& places) {
  const auto place = [&](Tensor tensor) { return places[static_cast<std::size_t>(tensor)]; };
  store_values(contract.format, batch.output, place(Tensor::output));
  store_values(contract.format, batch.target, place(Tensor::target));
  store_values(contract.format, batch.class_weights, place(Tensor::class_weights));
  store_values(contract.format, batch.sample_weights, place(Tensor::sample_weights));
  store_values(contract.format, batch.upstream, place(Tensor::upstream));
  for (std::size_t i = 0; i < batch.labels.size(); ++i) put(place(Tensor::labels), i, batch.labels[i]);

  fill_unwritten(contract.format, place(Tensor::result), result_size(contract, batch.shape));
}

void load(Format format, const std::byte* from, std::span<double> values) {
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
