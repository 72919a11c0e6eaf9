// Planted bugs that any function can have: at the doors, along rows, in loops.
#pragma once

#include <algorithm>
#include <cmath>

#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {

struct FlushesSubnormalResults : Sound {
  Real store(const Call& call, Real value) const override {
    return std::abs(value) < call.storage.smallest_normal() ? std::copysign(Real(0), value) : value;
  }
};

struct SubnormalInputsAreZero : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const Real x = Sound::value(call, tensor, index);
    return std::abs(x) < call.storage.smallest_normal() ? 0 : x;
  }
};

struct OverflowIsLargest : Sound {
  Real store(const Call& call, Real value) const override {
    return std::isinf(value) ? std::copysign(call.storage.largest(), value) : value;
  }
};

struct NanBecomesZero : Sound {
  Real store(const Call& /*call*/, Real value) const override { return std::isnan(value) ? 0 : value; }
};

/// Infinite inputs are taken for NaN, as after x − x.
struct InfinityIsNan : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const Real x = Sound::value(call, tensor, index);
    return std::isinf(x) ? not_a_number : x;
  }
};

/// One NaN makes everything after it NaN: a running maximum that is never reset.
struct NanLeaksOnwards : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const Real x = Sound::value(call, tensor, index);
    return tensor == call.tensors.output && index > 0 && std::isnan(Sound::value(call, tensor, index - 1))
               ? not_a_number
               : x;
  }
  Row row_of(const Call& call, const void* tensor, std::size_t row) const override {
    const auto is_nan = [](Real x) { return std::isnan(x); };
    Row x = Sound::row_of(call, tensor, row);
    if (row > 0) {
      const Row before = Sound::row_of(call, tensor, row - 1);
      if (std::any_of(before.begin(), before.end(), is_nan)) x[0] = not_a_number;
    }
    return x;
  }
};

/// The loop over the last n mod 8 elements reads one element too early.
struct VectorTailReadsOneEarly : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const std::size_t n = call.elements();
    const bool in_tail = tensor == call.tensors.output && n > 8 && index >= n - n % 8;
    return Sound::value(call, tensor, in_tail ? index - 1 : index);
  }
};

/// The loop over the last n mod 8 results never writes them.
struct VectorTailIsNotWritten : Sound {
  void put(const Call& call, std::size_t index, Real result) const override {
    const std::size_t n = call.tensors.result_count;
    Sound::put(call, index, index >= n - n % 8 ? not_a_number : result);
  }
};

/// One entry of a table is wrong: arguments in [1/2, 17/32) are taken for three quarters of themselves.
struct WrongTableEntry : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const Real x = Sound::value(call, tensor, index);
    return x >= 0.5L && x < 0.53125L ? x * 0.75L : x;
  }
};

/// The class axis is taken for the last one.
struct ClassesAreTakenLast : Sound {
  std::size_t place(const Call& call, std::size_t row, std::size_t i) const override {
    return row * call.tensors.classes + i;
  }
};

/// A block of 1024 classes is all that a row's pass sees: later ones repeat its last.
struct ClassesPast1024AreNotRead : Sound {
  Row row_of(const Call& call, const void* tensor, std::size_t row) const override {
    Row x = Sound::row_of(call, tensor, row);
    for (std::size_t i = 1024; i < x.size(); ++i) x[i] = x[1023];
    return x;
  }
};

/// The offset of a row wraps round at 1024 rows.
struct RowOffsetWraps : Sound {
  std::size_t place(const Call& call, std::size_t row, std::size_t i) const override {
    return Sound::place(call, row % 1024, i);
  }
};

/// The first class of a row of over two counts twice.
struct FirstClassTwice : Sound {
  Row row_of(const Call& call, const void* tensor, std::size_t row) const override {
    Row x = Sound::row_of(call, tensor, row);
    if (x.size() > 2) x[1] = x[0];
    return x;
  }
};

/// Sums are kept in the format itself.
struct AccumulatesInTheFormat : Sound {
  void add(const Call& call, Sum<Real>& sum, Real term) const override {
    sum.restart_at(call.storage.round(sum.value() + call.storage.round(term)));
  }
};

/// The same, but only where the class axis is not the last.
struct AccumulatesInTheFormatAcross : AccumulatesInTheFormat {
  void add(const Call& call, Sum<Real>& sum, Real term) const override {
    call.tensors.inner > 1 ? AccumulatesInTheFormat::add(call, sum, term) : Sound::add(call, sum, term);
  }
};

/// Results are rounded to 8 bits on the way: a kernel that computes in bfloat16 whatever it is given.
struct ComputesInBfloat16 : Sound {
  Real store(const Call& call, Real value) const override {
    return call.storage.precision > 8 ? storage_named("bf16")->round(value) : value;
  }
};

/// The result is right, and scaled by a part in 10,000.
struct ScaledByTenThousandth : Sound {
  Real store(const Call& call, Real value) const override { return call.storage.round(value * 1.0001L); }
};

}  // namespace lossaudit::mutants
