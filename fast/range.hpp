// Losses that are reduced by threads of the caller's own. No thread is started here.
//
// Where nothing is reduced no help is needed: elements and rows are independent, so each thread calls a function on its
// own range of them. A sum or mean is taken in parts, one or more a thread, that are merged in any order; the result
// has the same bits as the one call over everything, however it was split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fast/losses.hpp"

namespace lossaudit::fast {

class LossSum;
struct LossCall;

/// What some of the losses of a ReducedLoss add up to.
class PartialLoss {
 public:
  PartialLoss();  ///< of no losses
  PartialLoss(const PartialLoss& other);
  PartialLoss(PartialLoss&& other) noexcept;
  PartialLoss& operator=(const PartialLoss& other);
  PartialLoss& operator=(PartialLoss&& other) noexcept;
  ~PartialLoss();

  void merge(const PartialLoss& other);

 private:
  friend class ReducedLoss;
  std::unique_ptr<LossSum> sum_;
};

/// One call of a loss with the reduction `sum` or `mean`, to be taken in parts. The arguments are those of the functions
/// in losses.hpp; the tensors must outlive it. Bad options throw std::invalid_argument, and so does the reduction
/// `none`. Its const members may be called by any number of threads at once.
class ReducedLoss {
 public:
  static ReducedLoss binary_crossentropy(const float* target, const float* output, std::size_t n,
                                         const LossOptions& options);
  static ReducedLoss categorical_crossentropy(const float* target, const float* output, const Rows& rows,
                                              const LossOptions& options);
  static ReducedLoss sparse_categorical_crossentropy(const std::int64_t* labels, const float* output, const Rows& rows,
                                                     const LossOptions& options);
  static ReducedLoss mean_squared_error(const float* target, const float* output, const Rows& rows,
                                        const LossOptions& options);
  static ReducedLoss cross_entropy_error(const float* target, const float* p, const Rows& rows,
                                         const LossOptions& options);

  /// How many units there are to split, elements or rows.
  [[nodiscard]] std::size_t size() const;

  /// Parts begin at multiples of this: 1 or a few for rows, 2048 for elements.
  [[nodiscard]] std::size_t step() const;

  /// The losses of the units [first, last). Throws std::invalid_argument unless first <= last <= size(), and each of
  /// them is a multiple of step() or size() itself.
  [[nodiscard]] PartialLoss partial(std::size_t first, std::size_t last) const;

  /// What the mean divides by; 1 of a sum. A gradient is split too: each thread calls it on its own range with
  /// LossOptions::divisor set to this. Takes a pass over the weights, if there are any.
  [[nodiscard]] double divisor() const;

  /// The sum or mean, from the merged parts of everything.
  [[nodiscard]] float result(const PartialLoss& all) const;

 private:
  explicit ReducedLoss(const LossCall& call);
  std::shared_ptr<const LossCall> call_;
};

}  // namespace lossaudit::fast
