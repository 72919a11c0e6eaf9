// The bulk oracle: enclosures of very many results at the speed of SIMD, the first filter in front of the intervals.
//
// Every result comes as value + low ± radius with a bound that is derived beside the formula (reference/bulk/*-inl.h).
// Numbers run as one double a lane, good to about 2^-48 relative, or as double-double pairs, to about 2^-91. Nothing is
// ever decided about special values: NaN, infinities, what lies outside a domain or too far out for the exponent range
// has radius +inf and belongs to the intervals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::bulk {

/// What a lane holds: a double, for f32, f16 and bf16; a double-double, for f64.
enum class Lanes : std::uint8_t { single, pair };

/// The lanes that leave a format enough bits beyond its own for 2^-20 ulp.
constexpr Lanes lanes_for(Format format) { return format == Format::f64 ? Lanes::pair : Lanes::single; }

/// Whether lanes can enclose the contract's results: sigmoid, log_sigmoid, softplus, logit, softmax, log_softmax,
/// logsumexp, the cross-entropies from logits where the dialect is the plain formula, and binary_crossentropy from
/// probabilities where at most a clip comes before it; without reduction, smoothing and weights; both passes.
bool serves(const Contract& contract);

/// Enclosures of some results: the real number lies strictly within radius of value + low, or is exactly value where
/// radius is 0; nothing is known where radius is +inf.
struct Enclosures {
  std::vector<double> value;
  std::vector<double> low;  ///< empty for Lanes::single
  std::vector<double> radius;
};

/// Rows of a row function, elements of an elementwise one.
std::size_t units(const Contract& contract, const Shape& shape);

/// Encloses the results of `count` units from `first` on of a served contract's batch, in the order of the results: for
/// results that are rows of a tensor with inner > 1, in the order (row, class). Throws BadInput when contract and batch
/// do not fit; the caller has seen to serves().
void enclose(const Contract& contract, const Batch& batch, Lanes lanes, std::size_t first, std::size_t count,
             Enclosures& enclosures);
/// The same of the whole batch.
void enclose(const Contract& contract, const Batch& batch, Lanes lanes, Enclosures& enclosures);

/// n elements in memory. Only what a function takes is read; every pointer's array has n doubles.
struct Elements {
  const double* output = nullptr;
  const double* target = nullptr;    ///< binary_crossentropy alone
  const double* upstream = nullptr;  ///< gradients; null: all ones
  double* value = nullptr;
  double* low = nullptr;  ///< Lanes::pair alone
  double* radius = nullptr;
  bool from_logits = true;  ///< the rest: binary_crossentropy alone
  bool clips = false;       ///< from probabilities: min(max(output, clip_low), clip_high) is taken for the output
  double clip_low = 0, clip_high = 1;
};

/// Encloses an elementwise function of n elements, without allocating.
void enclose_elements(Function function, Pass pass, Lanes lanes, const Elements& elements, std::size_t n);

/// The longest row that enclose_row() takes, as far as its sums' bounds reach.
inline constexpr std::size_t most_classes = std::size_t{1} << 26;

/// One contiguous row.
struct Row {
  const double* output = nullptr;
  const double* target = nullptr;    ///< categorical_crossentropy alone
  std::int64_t label = 0;            ///< sparse_categorical_crossentropy alone; a class
  const double* upstream = nullptr;  ///< gradients: one number, or one a class for softmax and log_softmax; null: ones
  double* value = nullptr;           ///< one number, or one a class
  double* low = nullptr;             ///< Lanes::pair alone
  double* radius = nullptr;
};

/// Encloses a function of a row (cross-entropies: from logits) of 1 to most_classes classes, without allocating.
void enclose_row(Function function, Pass pass, Lanes lanes, const Row& row, std::size_t classes);

/// The instruction sets that the lanes are compiled for and this machine can run, as Highway names them, best first.
std::vector<std::string> targets();
/// Makes every later call use one of targets(), or with "" the best again; throws BadInput for another name. For tests
/// and measurements.
void use_target(const std::string& name);

}  // namespace lossaudit::bulk
