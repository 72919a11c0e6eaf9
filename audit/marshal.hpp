// A batch at a subject's door: doubles become stored values of the format, and the C ABI's two structures are filled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "audit/subject.hpp"

namespace lossaudit {

/// The tensors of a call, in the order of lossaudit_tensors' fields.
enum class Tensor : std::uint8_t { output, target, labels, class_weights, sample_weights, upstream, result };
inline constexpr std::size_t tensor_count = 7;
inline constexpr std::array<std::string_view, tensor_count> tensor_names = {
    "output", "target", "labels", "class_weights", "sample_weights", "upstream", "result"};

using TensorBytes = std::array<std::size_t, tensor_count>;  ///< size of each; 0: absent
using TensorPlaces = std::array<std::byte*, tensor_count>;  ///< where each is; null: absent

/// Sizes of a call's tensors. The batch must fit the contract (validate).
TensorBytes tensor_bytes(const Contract& contract, const Batch& batch);

/// Writes values of the format as they are stored.
void store_values(Format format, std::span<const double> values, std::byte* to);

/// Writes every input tensor to its place, and the pattern of `unwritten` to the result's.
void store(const Contract& contract, const Batch& batch, const TensorPlaces& places);

/// Reads the result.
void load(Format format, const std::byte* from, std::span<double> values);

/// The bits that a result holds until the subject writes it: a signalling NaN, which no arithmetic gives. A result left
/// unwritten is seen as this NaN (in hex "nan:0x7fa0badc" in f32).
constexpr std::uint64_t unwritten(Format format) {
  constexpr std::array<std::uint64_t, 4> bits = {0x7ff4badc0ffee000, 0x7fa0badc, 0x7d5a, 0x7fa5};
  return bits[static_cast<std::size_t>(format)];
}

/// The ABI's view of a contract; its strings are static.
lossaudit_contract to_abi(const Contract& contract);
lossaudit_tensors to_abi(const Shape& shape, const TensorPlaces& places, std::size_t result_count);

/// What a status returned by `compute` means.
Outcome outcome_of(int status);

}  // namespace lossaudit
