// A call at a subject's door: tensors become stored values of the format, and the C ABI's two structures are filled.
#pragma once

#include <array>
#include <chrono>
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

/// Memory of so many bytes goes back to the system after the call.
inline constexpr std::size_t large_call = std::size_t{64} << 20;

/// Writes values of the format as they are stored.
void store_values(Format format, std::span<const double> values, std::byte* to);

/// Reads stored values.
void load_values(Format format, const std::byte* from, std::span<double> values);

/// One call: what is to be computed of tensors of which sizes, where they come from and where the results go.
class SubjectCall {
 public:
  SubjectCall(const Contract& contract, const Shape& shape);
  virtual ~SubjectCall() = default;
  SubjectCall(const SubjectCall&) = delete;
  SubjectCall& operator=(const SubjectCall&) = delete;

  [[nodiscard]] const Contract& contract() const { return contract_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const TensorBytes& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t result_count() const { return result_count_; }
  /// How long the call may take where one of small tensors may take `limit`: a second more for every 16 MiB, which on a
  /// busy machine the pages alone may take.
  [[nodiscard]] std::chrono::milliseconds limit(std::chrono::milliseconds limit) const;
  /// What is to be timed, or null.
  [[nodiscard]] CallTimes* times() const { return times_; }
  void set_times(CallTimes* times) { times_ = times; }

  /// Writes every input tensor to its place, and the pattern of `unwritten` to the result's.
  void store(const TensorPlaces& places) const;
  /// Takes the result.
  virtual void load(const std::byte* result) const = 0;

 protected:
  TensorBytes bytes_{};

 private:
  virtual void store_inputs(const TensorPlaces& places) const = 0;

  const Contract& contract_;
  const Shape& shape_;
  std::size_t result_count_;
  CallTimes* times_ = nullptr;
};

/// A batch of doubles, and its results as doubles. The batch must fit the contract (validate), and outlive the call.
class BatchCall final : public SubjectCall {
 public:
  BatchCall(const Contract& contract, const Batch& batch, std::span<double> results);
  void load(const std::byte* result) const override;

 private:
  void store_inputs(const TensorPlaces& places) const override;
  const Batch& batch_;
  std::span<double> results_;
};

/// Tensors that are stored in the contract's format already; so will the result be.
class StoredCall final : public SubjectCall {
 public:
  /// The sizes of `inputs` must fit the contract and the shape; `result` has result_size() values.
  StoredCall(const Contract& contract, const Shape& shape, const StoredTensors& inputs, std::span<std::byte> result);
  void load(const std::byte* result) const override;

 private:
  void store_inputs(const TensorPlaces& places) const override;
  const StoredTensors& inputs_;
  std::span<std::byte> result_;
};

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
