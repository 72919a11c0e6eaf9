// Every function of losses.hpp on tensors that are stored in 16 bits: IEEE binary16 and bfloat16.
//
// Values are widened exactly, computed in float32 as losses.hpp says, and rounded once more, to nearest even: within 0.501
// ulp of the format. A block at a time passes through a buffer in the first-level cache, so nothing of a tensor's size is
// allocated but for the few calls named below. The contracts are those of losses.hpp, word for word; `constants` of the
// options is the tensors' own format unless told otherwise.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "fast/losses.hpp"

namespace lossaudit::fast {

/// IEEE binary16, as its bits.
struct Float16 {
  std::uint16_t bits = 0;
};
/// The upper half of a float32, as its bits.
struct BFloat16 {
  std::uint16_t bits = 0;
};

template <>
inline constexpr Format format_of<Float16> = Format::f16;
template <>
inline constexpr Format format_of<BFloat16> = Format::bf16;

template <class T>
concept Stored16 = std::same_as<T, Float16> || std::same_as<T, BFloat16>;

// n values, exactly, and rounded to nearest even: beyond the range to infinities, NaNs to quiet ones.
void to_floats(const Float16* from, float* to, std::size_t n);
void to_floats(const BFloat16* from, float* to, std::size_t n);
void from_floats(const float* from, Float16* to, std::size_t n);
void from_floats(const float* from, BFloat16* to, std::size_t n);

template <Stored16 T>
void relu(const T* x, T* result, std::size_t n);
template <Stored16 T>
void sigmoid(const T* x, T* result, std::size_t n);
template <Stored16 T>
void log_sigmoid(const T* x, T* result, std::size_t n);
template <Stored16 T>
void softplus(const T* x, T* result, std::size_t n);
template <Stored16 T>
void logit(const T* x, T* result, std::size_t n);

template <Stored16 T>
void relu_gradient(const T* x, const T* upstream, T* gradient, std::size_t n);
template <Stored16 T>
void sigmoid_gradient(const T* x, const T* upstream, T* gradient, std::size_t n);
template <Stored16 T>
void log_sigmoid_gradient(const T* x, const T* upstream, T* gradient, std::size_t n);
template <Stored16 T>
void softplus_gradient(const T* x, const T* upstream, T* gradient, std::size_t n);
template <Stored16 T>
void logit_gradient(const T* x, const T* upstream, T* gradient, std::size_t n);

template <Stored16 T>
void softmax(const T* x, T* result, const Rows& rows);
template <Stored16 T>
void log_softmax(const T* x, T* result, const Rows& rows);
template <Stored16 T>
void logsumexp(const T* x, T* result, const Rows& rows);

template <Stored16 T>
void softmax_gradient(const T* x, const T* upstream, T* gradient, const Rows& rows);
template <Stored16 T>
void log_softmax_gradient(const T* x, const T* upstream, T* gradient, const Rows& rows);
template <Stored16 T>
void logsumexp_gradient(const T* x, const T* upstream, T* gradient, const Rows& rows);

// Losses. Where a reduction cancels, and where a gradient's mean divides by the class weights of dense targets, the
// tensors are widened whole; sample weights of a gradient's mean always are.

template <Stored16 T>
void binary_crossentropy(const T* target, const T* output, T* result, std::size_t n,
                         const LossOptionsOf<T>& options = {});
template <Stored16 T>
void categorical_crossentropy(const T* target, const T* output, T* result, const Rows& rows,
                              const LossOptionsOf<T>& options = {});
template <Stored16 T>
void sparse_categorical_crossentropy(const std::int64_t* labels, const T* output, T* result, const Rows& rows,
                                     const LossOptionsOf<T>& options = {});
template <Stored16 T>
void mean_squared_error(const T* target, const T* output, T* result, const Rows& rows,
                        const LossOptionsOf<T>& options = {});
template <Stored16 T>
void cross_entropy_error(const T* target, const T* p, T* result, const Rows& rows,
                         const LossOptionsOf<T>& options = {});

template <Stored16 T>
void binary_crossentropy_gradient(const T* target, const T* output, const T* upstream, T* gradient, std::size_t n,
                                  const LossOptionsOf<T>& options = {}, T* loss = nullptr);
template <Stored16 T>
void categorical_crossentropy_gradient(const T* target, const T* output, const T* upstream, T* gradient,
                                       const Rows& rows, const LossOptionsOf<T>& options = {}, T* loss = nullptr);
template <Stored16 T>
void sparse_categorical_crossentropy_gradient(const std::int64_t* labels, const T* output, const T* upstream,
                                              T* gradient, const Rows& rows, const LossOptionsOf<T>& options = {},
                                              T* loss = nullptr);
template <Stored16 T>
void mean_squared_error_gradient(const T* target, const T* output, const T* upstream, T* gradient, const Rows& rows,
                                 const LossOptionsOf<T>& options = {}, T* loss = nullptr);
template <Stored16 T>
void cross_entropy_error_gradient(const T* target, const T* p, const T* upstream, T* gradient, const Rows& rows,
                                  const LossOptionsOf<T>& options = {}, T* loss = nullptr);

}  // namespace lossaudit::fast
