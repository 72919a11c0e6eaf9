// Two sound subjects for the tests of the way to a subject: they compute nothing, they show what arrived.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "audit/subject.h"

namespace lossaudit::faults {

inline std::size_t bytes_of(const lossaudit_contract& contract) {
  const std::string_view format = contract.format;
  return format == "f64" ? 8 : format == "f32" ? 4 : 2;
}

/// Every option with any value, so that every field of a call is used.
inline constexpr std::array<const char*, 3> everything = {
    "relu,sigmoid,log_sigmoid,softplus,logit,softmax,log_softmax,logsumexp,binary_crossentropy,categorical_"
    "crossentropy,"
    "sparse_categorical_crossentropy,mean_squared_error,cross_entropy_error exact,keras1 f64,f32,f16,bf16 "
    "forward,gradient from_logits reduction axis epsilon label_smoothing pos_weight ignore_index class_weights "
    "sample_weights # shows what arrived",
    nullptr};

/// result = output, bit for bit (where there is one result an element).
inline int copy(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  if (tensors->result_count != tensors->outer * tensors->classes * tensors->inner) return LOSSAUDIT_UNSUPPORTED;
  std::memcpy(tensors->result, tensors->output, tensors->result_count * bytes_of(*contract));
  return LOSSAUDIT_OK;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
class Hash {
 public:
  void add(const void* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      value_ = (value_ ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3ULL;
    }
  }
  template <typename Value>
  void add(const Value& value) {
    add(&value, sizeof value);
  }
  /// A tensor; its absence counts too.
  void add_tensor(const void* data, std::size_t size) {
    add(data != nullptr);
    if (data != nullptr) add(data, size);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

/// result[i] = bits of a hash of i and of every field and tensor of the call.
inline int fingerprint(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  Hash hash;
  for (const std::string_view text :
       {contract->function, contract->dialect, contract->format, contract->pass, contract->reduction}) {
    hash.add(text.data(), text.size());
  }
  hash.add(contract->size);
  hash.add(contract->from_logits);
  hash.add(contract->has_ignore_index);
  hash.add(contract->ignore_index);
  hash.add(contract->epsilon);
  hash.add(contract->label_smoothing);
  hash.add(contract->pos_weight);
  hash.add(tensors->size);
  hash.add(tensors->outer);
  hash.add(tensors->classes);
  hash.add(tensors->inner);
  hash.add(tensors->result_count);
  const std::size_t value = bytes_of(*contract);
  const std::size_t rows = tensors->outer * tensors->inner;
  const std::size_t elements = rows * tensors->classes;
  const bool by_row = tensors->labels != nullptr || std::string_view(contract->function) != "binary_crossentropy";
  hash.add_tensor(tensors->output, elements * value);
  hash.add_tensor(tensors->target, elements * value);
  hash.add_tensor(tensors->labels, rows * sizeof(std::int64_t));
  hash.add_tensor(tensors->class_weights, tensors->classes * value);
  hash.add_tensor(tensors->sample_weights, (by_row ? rows : elements) * value);
  hash.add_tensor(tensors->upstream, value);
  for (std::size_t i = 0; i < tensors->result_count; ++i) {
    Hash one = hash;
    one.add(i);
    const std::uint64_t bits = one.value();
    std::memcpy(static_cast<unsigned char*>(tensors->result) + i * value, &bits, value);
  }
  return LOSSAUDIT_OK;
}

inline constexpr lossaudit_subject copy_subject = {LOSSAUDIT_ABI_VERSION, "copy", "1", everything.data(), copy};
inline constexpr lossaudit_subject fingerprint_subject = {LOSSAUDIT_ABI_VERSION, "fingerprint", "1", everything.data(),
                                                          fingerprint};

}  // namespace lossaudit::faults
