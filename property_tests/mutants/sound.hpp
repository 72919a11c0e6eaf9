// The control: a slow and right implementation of every function of the family, forward, in all formats; of gradients
// those of the cross-entropies from logits.
//
// Errors: within 0.51 ulp of every format where terms have one sign. Where terms of one loss cancel, 400 bits are taken
// (enough for f32, f16, bf16); losses that cancel one another in a reduction are only as good as 64 bits are.
//
// Every step is a virtual function, so that a mutant is the control with one step replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "property_tests/mutants/call.hpp"

namespace lossaudit::mutants {

class Sound {
 public:
  Sound() = default;
  Sound(const Sound&) = delete;
  Sound& operator=(const Sound&) = delete;
  virtual ~Sound() = default;

  /// What lossaudit_subject.compute does; never throws for a contract that declared_contracts() covers.
  [[nodiscard]] int compute(const lossaudit_contract& contract, const lossaudit_tensors& tensors) const;

 protected:
  // The doors: a value that came in, a result on its way out (already rounded), where the i-th value of a row lies.
  [[nodiscard]] virtual Real value(const Call& call, const void* tensor, std::size_t index) const;
  [[nodiscard]] virtual Real store(const Call& call, Real value) const;
  [[nodiscard]] virtual std::size_t place(const Call& call, std::size_t row, std::size_t i) const;
  [[nodiscard]] virtual Row row_of(const Call& call, const void* tensor, std::size_t row) const;

  // Elementwise functions.
  [[nodiscard]] virtual Real relu(const Call& call, Real x) const;
  [[nodiscard]] virtual Real sigmoid(const Call& call, Real x) const;
  [[nodiscard]] virtual Real log_sigmoid(const Call& call, Real x) const;
  [[nodiscard]] virtual Real softplus(const Call& call, Real x) const;
  [[nodiscard]] virtual Real logit(const Call& call, Real p) const;

  // Functions of a row. NaNs, and a row of nothing but −inf, have been seen to before.
  [[nodiscard]] virtual Row softmax(const Call& call, const Row& x) const;
  [[nodiscard]] virtual Row log_softmax(const Call& call, const Row& x) const;
  [[nodiscard]] virtual Real logsumexp(const Call& call, const Row& x) const;

  // The parts of the losses.
  [[nodiscard]] virtual Clip clip(const Call& call) const;
  /// −ln p and −ln(1 − p) of one output.
  [[nodiscard]] virtual std::pair<Real, Real> binary_logs(const Call& call, Real o) const;
  /// The factors of the two: w t′ and 1 − t′.
  [[nodiscard]] virtual std::pair<Real, Real> binary_coefficients(const Call& call, Real t) const;
  [[nodiscard]] virtual Real binary_crossentropy(const Call& call, Real t, Real o) const;
  /// −ln p_i over a row, p being what the dialect makes of the output.
  [[nodiscard]] virtual Row minus_logs(const Call& call, const Row& o) const;
  /// w_i t′_i, from a dense target or a label's one-hot vector.
  [[nodiscard]] virtual Row coefficients(const Call& call, const Row& t, const Row& weights) const;
  [[nodiscard]] virtual Row class_weights(const Call& call) const;
  [[nodiscard]] virtual Real cross_entropy(const Call& call, const Row& t, const Row& weights, const Row& o) const;
  /// With respect to a row of logits: softmax(x) Σt − t.
  [[nodiscard]] virtual Row entropy_gradient(const Call& call, const Row& t, const Row& x) const;
  /// What a reduction divides each row's gradient by.
  [[nodiscard]] virtual Real gradient_divisor(const Call& call) const;
  [[nodiscard]] virtual Real mean_squared_error(const Call& call, const Row& t, const Row& o) const;
  [[nodiscard]] virtual std::int64_t label_of(const Call& call, std::size_t row) const;
  [[nodiscard]] virtual bool ignores(const Call& call, std::int64_t label) const;
  [[nodiscard]] virtual Real sample_weight(const Call& call, std::size_t loss) const;
  [[nodiscard]] virtual Loss loss_of(const Call& call, std::size_t index) const;

  // Sums and reductions.
  virtual void add(const Call& call, Sum<Real>& sum, Real term) const;
  /// What a loss adds to the sum, and to the mean's denominator.
  [[nodiscard]] virtual Real term_of(const Call& call, const Loss& loss) const;
  [[nodiscard]] virtual Real share_of(const Call& call, const Loss& loss) const;
  [[nodiscard]] virtual Real reduced(const Call& call, Real total, Real divisor, std::size_t count) const;

  [[nodiscard]] Real sum(const Call& call, const Row& terms) const;
  /// Writes a result.
  virtual void put(const Call& call, std::size_t index, Real result) const;

 private:
  void elementwise(const Call& call, Real (Sound::*function)(const Call&, Real) const) const;
  void row_to_row(const Call& call, Row (Sound::*function)(const Call&, const Row&) const) const;
  void row_to_value(const Call& call) const;
  void losses(const Call& call) const;
  void gradient(const Call& call) const;
  [[nodiscard]] Row one_hot(const Call& call, std::int64_t label) const;
  [[nodiscard]] Loss binary_loss(const Call& call, std::size_t index) const;
  [[nodiscard]] Loss row_loss(const Call& call, std::size_t row) const;
};

/// The lines of audit/subject.h, NULL-terminated: the control's and every mutant's.
const char* const* declared_contracts();

}  // namespace lossaudit::mutants
