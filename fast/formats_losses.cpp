// Losses and their gradients, from and to 16 bits.
#include <optional>
#include <vector>

#include "fast/formats.hpp"
#include "fast/formats_parts.hpp"
#include "fast/gradient_task.hpp"
#include "fast/reduction.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {
namespace {

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
#define LOSSAUDIT_FAST_LOSS(function, Target, T)                                             \
  template void function(const Target*, const T*, T*, const Rows&, const LossOptionsOf<T>&); \
  template void function##_gradient(const Target*, const T*, const T*, T*, const Rows&, const LossOptionsOf<T>&, T*)
#define LOSSAUDIT_FAST_STORED_16(T)                                                                                  \
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
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace lossaudit::fast
