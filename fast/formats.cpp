#include "fast/formats.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "fast/gradient_task.hpp"
#include "fast/reduction.hpp"
#include "fast/row_layout.hpp"
#include "fast/sum_block.hpp"

namespace lossaudit::fast {
namespace {

/// A tensor's part in float32.
template <class T>
class Widened {
 public:
  /// n values from there on; nullptr for an absent tensor.
  const float* of(const T* from, std::size_t n) {
    if (from == nullptr) return nullptr;
    floats_.resize(n);
    to_floats(from, floats_.data(), n);
    return floats_.data();
  }

 private:
  std::vector<float> floats_;
};

/// function(x, other, result, n) over n elements, a block at a time; `other` may be absent.
template <class T, class Function>
void map_elements(const T* x, const T* other, T* result, std::size_t n, const Function& function) {
  float block[sum_block];
  float others[sum_block];
  for (std::size_t i = 0; i < n; i += sum_block) {
    const std::size_t count = std::min(sum_block, n - i);
    to_floats(x + i, block, count);
    if (other != nullptr) to_floats(other + i, others, count);
    function(block, other == nullptr ? nullptr : others, block, count);
    from_floats(block, result + i, count);
  }
}

/// How many slabs of (classes, inner) make up a block.
std::size_t slabs_in_block(const Rows& rows) {
  return std::max<std::size_t>(1, sum_block / std::max<std::size_t>(1, rows.classes * rows.inner));
}

/// function(x, other, result, rows) over all rows, a block of whole slabs at a time. The result has as many values
/// a slab as is told, and so has `other`, which may be absent.
template <class T, class Function>
void map_slabs(const T* x, const T* other, T* result, const Rows& rows, std::size_t others_each,
               std::size_t results_each, const Function& function) {
  require_classes(rows);
  const std::size_t slab = rows.classes * rows.inner;
  const std::size_t most = slabs_in_block(rows);
  Widened<T> inputs;
  Widened<T> others;
  std::vector<float> results;
  for (std::size_t i = 0; i < rows.outer && slab != 0; i += most) {
    const std::size_t count = std::min(most, rows.outer - i);
    const float* from = inputs.of(x + i * slab, count * slab);
    const float* of_block = other == nullptr ? nullptr : others.of(other + i * others_each, count * others_each);
    results.resize(count * results_each);
    function(from, of_block, results.data(), Rows{count, rows.classes, rows.inner});
    from_floats(results.data(), result + i * results_each, results.size());
  }
}

/// The inputs of a loss; elementwise ones are n rows of one class.
template <class T>
struct Inputs {
  const T* target = nullptr;             ///< or
  const std::int64_t* labels = nullptr;  ///< one a row
  const T* output = nullptr;
  Rows rows;

  [[nodiscard]] std::size_t slab() const { return rows.classes * rows.inner; }
};

/// The same of a part of the tensors, with its options.
struct Part {
  Inputs<float> inputs;
  LossOptions options;
};

/// Makes parts of a call's tensors: `count` slabs from `first` on.
template <class T>
class Parts {
 public:
  Parts(const Inputs<T>& whole, const LossOptionsOf<T>& options) : whole_(whole), stored_(options) {
    options_.dialect = options.dialect;
    options_.reduction = options.reduction;
    options_.from_logits = options.from_logits;
    options_.epsilon = options.epsilon;
    options_.label_smoothing = options.label_smoothing;
    options_.pos_weight = options.pos_weight;
    options_.ignore_index = options.ignore_index;
    options_.divisor = options.divisor;
    options_.constants = options.constants;
    options_.class_weights = class_weights_.of(options.class_weights, whole.rows.classes);
  }

  Part part(std::size_t first, std::size_t count) {
    const std::size_t losses = count * whole_.rows.inner;
    const std::size_t first_loss = first * whole_.rows.inner;
    const std::size_t values = count * whole_.slab();
    const std::size_t first_value = first * whole_.slab();
    Part part = {{}, options_};
    part.inputs.rows = {count, whole_.rows.classes, whole_.rows.inner};
    part.inputs.output = output_.of(whole_.output + first_value, values);
    if (whole_.target != nullptr) part.inputs.target = target_.of(whole_.target + first_value, values);
    if (whole_.labels != nullptr) part.inputs.labels = whole_.labels + first_loss;
    if (stored_.sample_weights != nullptr) {
      part.options.sample_weights = sample_weights_.of(stored_.sample_weights + first_loss, losses);
    }
    return part;
  }
  Part all() { return part(0, whole_.rows.outer); }

  /// take(part, first, count) for block after block.
  template <class Take>
  void for_each(const Take& take) {
    const std::size_t most = slabs_in_block(whole_.rows);
    for (std::size_t i = 0; i < whole_.rows.outer && whole_.slab() != 0; i += most) {
      const std::size_t count = std::min(most, whole_.rows.outer - i);
      take(part(i, count), i, count);
    }
  }

  [[nodiscard]] const LossOptions& options() const { return options_; }

 private:
  const Inputs<T>& whole_;
  const LossOptionsOf<T>& stored_;
  LossOptions options_;
  Widened<T> output_, target_, class_weights_, sample_weights_;
};

/// One loss in float32.
struct BinaryLoss {
  static LossCall call(const Part& p) {
    return binary_crossentropy_call(p.inputs.target, p.inputs.output, p.inputs.rows.outer, p.options);
  }
  static void value(const Part& p, float* result) {
    binary_crossentropy(p.inputs.target, p.inputs.output, result, p.inputs.rows.outer, p.options);
  }
  static void gradient(const Part& p, const float* upstream, float* gradient, float* loss) {
    binary_crossentropy_gradient(p.inputs.target, p.inputs.output, upstream, gradient, p.inputs.rows.outer, p.options,
                                 loss);
  }
};
struct CategoricalLoss {
  static LossCall call(const Part& p) {
    return categorical_crossentropy_call(p.inputs.target, p.inputs.output, p.inputs.rows, p.options);
  }
  static void value(const Part& p, float* result) {
    categorical_crossentropy(p.inputs.target, p.inputs.output, result, p.inputs.rows, p.options);
  }
  static void gradient(const Part& p, const float* upstream, float* gradient, float* loss) {
    categorical_crossentropy_gradient(p.inputs.target, p.inputs.output, upstream, gradient, p.inputs.rows, p.options,
                                      loss);
  }
};
struct SparseLoss {
  static LossCall call(const Part& p) {
    return sparse_categorical_crossentropy_call(p.inputs.labels, p.inputs.output, p.inputs.rows, p.options);
  }
  static void value(const Part& p, float* result) {
    sparse_categorical_crossentropy(p.inputs.labels, p.inputs.output, result, p.inputs.rows, p.options);
  }
  static void gradient(const Part& p, const float* upstream, float* gradient, float* loss) {
    sparse_categorical_crossentropy_gradient(p.inputs.labels, p.inputs.output, upstream, gradient, p.inputs.rows,
                                             p.options, loss);
  }
};

struct SquaredError {
  static LossCall call(const Part& p) {
    return mean_squared_error_call(p.inputs.target, p.inputs.output, p.inputs.rows, p.options);
  }
  static void value(const Part& p, float* result) {
    mean_squared_error(p.inputs.target, p.inputs.output, result, p.inputs.rows, p.options);
  }
  static void gradient(const Part& p, const float* upstream, float* gradient, float* loss) {
    mean_squared_error_gradient(p.inputs.target, p.inputs.output, upstream, gradient, p.inputs.rows, p.options, loss);
  }
};
struct PlainEntropy {
  static LossCall call(const Part& p) {
    return cross_entropy_error_call(p.inputs.target, p.inputs.output, p.inputs.rows, p.options);
  }
  static void value(const Part& p, float* result) {
    cross_entropy_error(p.inputs.target, p.inputs.output, result, p.inputs.rows, p.options);
  }
  static void gradient(const Part& p, const float* upstream, float* gradient, float* loss) {
    cross_entropy_error_gradient(p.inputs.target, p.inputs.output, upstream, gradient, p.inputs.rows, p.options, loss);
  }
};

/// Refuses what the loss refuses, also where there is nothing to compute.
template <class Loss, class T>
void check(const Inputs<T>& inputs, const LossOptions& options) {
  Part nothing = {{}, options};
  nothing.inputs.rows = {0, inputs.rows.classes, inputs.rows.inner};
  static_cast<void>(Loss::call(nothing));
  require_classes(inputs.rows);
}

template <class Loss, class T>
void compute_loss(const Inputs<T>& inputs, const LossOptionsOf<T>& options, T* result) {
  Parts<T> parts(inputs, options);
  check<Loss>(inputs, parts.options());
  std::vector<float> losses;
  if (options.reduction == Reduction::none) {
    parts.for_each([&](const Part& part, std::size_t first, std::size_t count) {
      losses.resize(count * inputs.rows.inner);
      Loss::value(part, losses.data());
      from_floats(losses.data(), result + first * inputs.rows.inner, losses.size());
    });
    return;
  }
  LossSum sum;
  parts.for_each([&](const Part& part, std::size_t /*first*/, std::size_t /*count*/) {
    const LossCall call = Loss::call(part);
    call.add(call, 0, call.size, sum);
  });
  float reduced = 0;
  if (sum.is_settled(parts.options())) {
    reduced = sum.result(parts.options(), LossTask());
  } else {
    Loss::value(parts.all(), &reduced);
  }
  from_floats(&reduced, result, 1);
}

/// What a mean divides by; nothing where that takes the targets.
template <class T>
std::optional<double> divisor_of_mean(const Inputs<T>& inputs, const LossOptionsOf<T>& stored,
                                      const LossOptions& options) {
  LossTask task;
  task.rows = inputs.rows;
  task.labels = inputs.labels;
  task.ignore_index = options.ignore_index;
  task.class_weights = options.class_weights;
  task.needs_weights = options.class_weights != nullptr && options.dialect == Dialect::exact && !options.divisor;
  if (task.needs_weights && inputs.labels == nullptr) return std::nullopt;
  Widened<T> weights;
  task.sample_weights = weights.of(stored.sample_weights, task.losses());
  return gradient_of(task, options, nullptr).divisor;
}

template <class Loss, class T>
void compute_gradient(const Inputs<T>& inputs, const LossOptionsOf<T>& options, const T* upstream, T* gradient,
                      T* loss) {
  Parts<T> parts(inputs, options);
  check<Loss>(inputs, parts.options());
  const bool reduces = options.reduction != Reduction::none;
  if (reduces && loss != nullptr) compute_loss<Loss>(inputs, options, loss);
  std::vector<float> results;
  std::vector<float> losses;
  Widened<T> incoming;
  float whole_upstream = 1;
  if (reduces && upstream != nullptr) whole_upstream = *incoming.of(upstream, 1);
  std::optional<double> divisor;
  if (options.reduction == Reduction::mean) {
    divisor = divisor_of_mean(inputs, options, parts.options());
    if (!divisor) {
      results.resize(inputs.rows.outer * inputs.slab());
      Loss::gradient(parts.all(), &whole_upstream, results.data(), nullptr);
      return from_floats(results.data(), gradient, results.size());
    }
  }
  parts.for_each([&](Part part, std::size_t first, std::size_t count) {
    const std::size_t first_loss = first * inputs.rows.inner;
    results.resize(count * inputs.slab());
    losses.resize(count * inputs.rows.inner);
    if (reduces) {
      part.options.divisor = divisor;
      Loss::gradient(part, &whole_upstream, results.data(), nullptr);
    } else {
      const float* of_part = upstream == nullptr ? nullptr : incoming.of(upstream + first_loss, losses.size());
      Loss::gradient(part, of_part, results.data(), loss == nullptr ? nullptr : losses.data());
      if (loss != nullptr) from_floats(losses.data(), loss + first_loss, losses.size());
    }
    from_floats(results.data(), gradient + first * inputs.slab(), results.size());
  });
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): names in declarations
#define LOSSAUDIT_FAST_ELEMENTWISE(function)                                                        \
  template <Stored16 T>                                                                             \
  void function(const T* x, T* result, std::size_t n) {                                             \
    const auto of_block = [](const float* from, const float* /*other*/, float* to, std::size_t m) { \
      function(from, to, m);                                                                        \
    };                                                                                              \
    map_elements<T>(x, nullptr, result, n, of_block);                                               \
  }                                                                                                 \
  template <Stored16 T>                                                                             \
  void function##_gradient(const T* x, const T* upstream, T* gradient, std::size_t n) {             \
    const auto of_block = [](const float* from, const float* incoming, float* to, std::size_t m) {  \
      function##_gradient(from, incoming, to, m);                                                   \
    };                                                                                              \
    map_elements(x, upstream, gradient, n, of_block);                                               \
  }
LOSSAUDIT_FAST_ELEMENTWISE(relu)
LOSSAUDIT_FAST_ELEMENTWISE(sigmoid)
LOSSAUDIT_FAST_ELEMENTWISE(log_sigmoid)
LOSSAUDIT_FAST_ELEMENTWISE(softplus)
LOSSAUDIT_FAST_ELEMENTWISE(logit)
#undef LOSSAUDIT_FAST_ELEMENTWISE

/// `results_each`: how many results a slab of so many values has.
#define LOSSAUDIT_FAST_BY_ROW(function, results_each)                                                  \
  template <Stored16 T>                                                                                \
  void function(const T* x, T* result, const Rows& rows) {                                             \
    const auto of_block = [](const float* from, const float* /*other*/, float* to, const Rows& some) { \
      function(from, to, some);                                                                        \
    };                                                                                                 \
    map_slabs<T>(x, nullptr, result, rows, 0, results_each, of_block);                                 \
  }                                                                                                    \
  template <Stored16 T>                                                                                \
  void function##_gradient(const T* x, const T* upstream, T* gradient, const Rows& rows) {             \
    const auto of_block = [](const float* from, const float* incoming, float* to, const Rows& some) {  \
      function##_gradient(from, incoming, to, some);                                                   \
    };                                                                                                 \
    map_slabs(x, upstream, gradient, rows, results_each, rows.classes* rows.inner, of_block);          \
  }
LOSSAUDIT_FAST_BY_ROW(softmax, rows.classes* rows.inner)
LOSSAUDIT_FAST_BY_ROW(log_softmax, rows.classes* rows.inner)
LOSSAUDIT_FAST_BY_ROW(logsumexp, rows.inner)
#undef LOSSAUDIT_FAST_BY_ROW
// NOLINTEND(bugprone-macro-parentheses)

template <Stored16 T>
void binary_crossentropy(const T* target, const T* output, T* result, std::size_t n, const LossOptionsOf<T>& options) {
  compute_loss<BinaryLoss>(Inputs<T>{target, nullptr, output, {n, 1, 1}}, options, result);
}
template <Stored16 T>
void categorical_crossentropy(const T* target, const T* output, T* result, const Rows& rows,
                              const LossOptionsOf<T>& options) {
  compute_loss<CategoricalLoss>(Inputs<T>{target, nullptr, output, rows}, options, result);
}
template <Stored16 T>
void sparse_categorical_crossentropy(const std::int64_t* labels, const T* output, T* result, const Rows& rows,
                                     const LossOptionsOf<T>& options) {
  compute_loss<SparseLoss>(Inputs<T>{nullptr, labels, output, rows}, options, result);
}

template <Stored16 T>
void mean_squared_error(const T* target, const T* output, T* result, const Rows& rows,
                        const LossOptionsOf<T>& options) {
  compute_loss<SquaredError>(Inputs<T>{target, nullptr, output, rows}, options, result);
}
template <Stored16 T>
void cross_entropy_error(const T* target, const T* p, T* result, const Rows& rows, const LossOptionsOf<T>& options) {
  compute_loss<PlainEntropy>(Inputs<T>{target, nullptr, p, rows}, options, result);
}

template <Stored16 T>
void binary_crossentropy_gradient(const T* target, const T* output, const T* upstream, T* gradient, std::size_t n,
                                  const LossOptionsOf<T>& options, T* loss) {
  compute_gradient<BinaryLoss>(Inputs<T>{target, nullptr, output, {n, 1, 1}}, options, upstream, gradient, loss);
}
template <Stored16 T>
void categorical_crossentropy_gradient(const T* target, const T* output, const T* upstream, T* gradient,
                                       const Rows& rows, const LossOptionsOf<T>& options, T* loss) {
  compute_gradient<CategoricalLoss>(Inputs<T>{target, nullptr, output, rows}, options, upstream, gradient, loss);
}
template <Stored16 T>
void sparse_categorical_crossentropy_gradient(const std::int64_t* labels, const T* output, const T* upstream,
                                              T* gradient, const Rows& rows, const LossOptionsOf<T>& options, T* loss) {
  compute_gradient<SparseLoss>(Inputs<T>{nullptr, labels, output, rows}, options, upstream, gradient, loss);
}

template <Stored16 T>
void mean_squared_error_gradient(const T* target, const T* output, const T* upstream, T* gradient, const Rows& rows,
                                 const LossOptionsOf<T>& options, T* loss) {
  compute_gradient<SquaredError>(Inputs<T>{target, nullptr, output, rows}, options, upstream, gradient, loss);
}
template <Stored16 T>
void cross_entropy_error_gradient(const T* target, const T* p, const T* upstream, T* gradient, const Rows& rows,
                                  const LossOptionsOf<T>& options, T* loss) {
  compute_gradient<PlainEntropy>(Inputs<T>{target, nullptr, p, rows}, options, upstream, gradient, loss);
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type in a declaration
#define LOSSAUDIT_FAST_ELEMENTWISE(function, T)      \
  template void function(const T*, T*, std::size_t); \
  template void function##_gradient(const T*, const T*, T*, std::size_t)
#define LOSSAUDIT_FAST_BY_ROW(function, T)           \
  template void function(const T*, T*, const Rows&); \
  template void function##_gradient(const T*, const T*, T*, const Rows&)
#define LOSSAUDIT_FAST_LOSS(function, Target, T)                                             \
  template void function(const Target*, const T*, T*, const Rows&, const LossOptionsOf<T>&); \
  template void function##_gradient(const Target*, const T*, const T*, T*, const Rows&, const LossOptionsOf<T>&, T*)
#define LOSSAUDIT_FAST_STORED_16(T)                                                                                  \
  LOSSAUDIT_FAST_ELEMENTWISE(relu, T);                                                                               \
  LOSSAUDIT_FAST_ELEMENTWISE(sigmoid, T);                                                                            \
  LOSSAUDIT_FAST_ELEMENTWISE(log_sigmoid, T);                                                                        \
  LOSSAUDIT_FAST_ELEMENTWISE(softplus, T);                                                                           \
  LOSSAUDIT_FAST_ELEMENTWISE(logit, T);                                                                              \
  LOSSAUDIT_FAST_BY_ROW(softmax, T);                                                                                 \
  LOSSAUDIT_FAST_BY_ROW(log_softmax, T);                                                                             \
  LOSSAUDIT_FAST_BY_ROW(logsumexp, T);                                                                               \
  template void binary_crossentropy(const T*, const T*, T*, std::size_t, const LossOptionsOf<T>&);                   \
  template void binary_crossentropy_gradient(const T*, const T*, const T*, T*, std::size_t, const LossOptionsOf<T>&, \
                                             T*);                                                                    \
  LOSSAUDIT_FAST_LOSS(categorical_crossentropy, T, T);                                                               \
  LOSSAUDIT_FAST_LOSS(sparse_categorical_crossentropy, std::int64_t, T);                                             \
  LOSSAUDIT_FAST_LOSS(mean_squared_error, T, T);                                                                     \
  LOSSAUDIT_FAST_LOSS(cross_entropy_error, T, T)
LOSSAUDIT_FAST_STORED_16(Float16);
LOSSAUDIT_FAST_STORED_16(BFloat16);
#undef LOSSAUDIT_FAST_STORED_16
#undef LOSSAUDIT_FAST_LOSS
#undef LOSSAUDIT_FAST_BY_ROW
#undef LOSSAUDIT_FAST_ELEMENTWISE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace lossaudit::fast
