#include "fast/lossaudit_fast.h"

#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "fast/formats.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {
namespace {

// Of a fixed size, so that an error can be told when there is no memory.
thread_local char message[256] = "";

int fail(int status, const char* why) {
  std::strncpy(message, why, sizeof message - 1);
  return status;
}

struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs call() and turns what it throws into a status and a message.
template <class Call>
int guarded(const Call& call) noexcept {
  try {
    call();
    return LOSSAUDIT_FAST_OK;
  } catch (const std::invalid_argument& error) {
    return fail(LOSSAUDIT_FAST_BAD_ARGUMENT, error.what());
  } catch (const Unsupported& error) {
    return fail(LOSSAUDIT_FAST_UNSUPPORTED, error.what());
  } catch (const std::bad_alloc&) {
    return fail(LOSSAUDIT_FAST_OUT_OF_MEMORY, "there is not enough memory for the scratch: give fewer rows at a time");
  } catch (const std::exception& error) {
    return fail(LOSSAUDIT_FAST_FAILED, error.what());
  } catch (...) {
    return fail(LOSSAUDIT_FAST_FAILED, "an unknown error");
  }
}

const char* name_of(int format) {
  switch (format) {
    case LOSSAUDIT_FAST_F64:
      return "f64";
    case LOSSAUDIT_FAST_F32:
      return "f32";
    case LOSSAUDIT_FAST_F16:
      return "f16";
    case LOSSAUDIT_FAST_BF16:
      return "bf16";
    default:
      throw std::invalid_argument("there is no format " + std::to_string(format) + ": use a LOSSAUDIT_FAST_F...");
  }
}

// format_of's values are the interface's.
static_assert(static_cast<int>(Format::f64) == LOSSAUDIT_FAST_F64);
static_assert(static_cast<int>(Format::f32) == LOSSAUDIT_FAST_F32);
static_assert(static_cast<int>(Format::f16) == LOSSAUDIT_FAST_F16);
static_assert(static_cast<int>(Format::bf16) == LOSSAUDIT_FAST_BF16);

/// The tensors' types that a function is there in.
template <class... T>
struct Types {};
using All = Types<double, float, Float16, BFloat16>;
using Most = Types<float, Float16, BFloat16>;

/// call(T()) with the type of that format.
template <class... T, class Call>
void with_type(Types<T...> /*types*/, const char* function, int format, const Call& call) {
  const char* name = name_of(format);
  const bool is_there = ((format == static_cast<int>(format_of<T>) && (call(T()), true)) || ...);
  if (!is_there) throw Unsupported(std::string(function) + " is not there in " + name + ": use f32");
}

void require(const char* function, std::size_t values, bool has_all) {
  if (values != 0 && !has_all) {
    throw std::invalid_argument(std::string(function) + " needs all its tensors: one of them is NULL");
  }
}

std::size_t size_of(const lossaudit_fast_rows& rows) { return rows.outer * rows.classes * rows.inner; }
Rows rows_of(const lossaudit_fast_rows& rows) { return {rows.outer, rows.classes, rows.inner}; }

bool flag(const char* option, std::int32_t value) {
  if (value != 0 && value != 1) throw std::invalid_argument(std::string(option) + " must be 0 or 1");
  return value != 0;
}

template <class T>
LossOptionsOf<T> options_of(const lossaudit_fast_options* options) {
  LossOptionsOf<T> own;
  if (options == nullptr) return own;
  if (options->size != sizeof(lossaudit_fast_options)) {
    throw std::invalid_argument("the options' size is not that of this version: begin with LOSSAUDIT_FAST_DEFAULTS");
  }
  if (options->dialect != LOSSAUDIT_FAST_EXACT && options->dialect != LOSSAUDIT_FAST_KERAS1) {
    throw std::invalid_argument("there is no dialect " + std::to_string(options->dialect));
  }
  if (options->reduction < LOSSAUDIT_FAST_NONE || options->reduction > LOSSAUDIT_FAST_MEAN) {
    throw std::invalid_argument("there is no reduction " + std::to_string(options->reduction));
  }
  own.dialect = options->dialect == LOSSAUDIT_FAST_KERAS1 ? Dialect::keras1 : Dialect::exact;
  own.reduction = static_cast<Reduction>(options->reduction);
  own.from_logits = flag("from_logits", options->from_logits);
  if (flag("has_epsilon", options->has_epsilon)) own.epsilon = options->epsilon;
  if (flag("has_divisor", options->has_divisor)) own.divisor = options->divisor;
  if (flag("has_ignore_index", options->has_ignore_index)) own.ignore_index = options->ignore_index;
  own.label_smoothing = options->label_smoothing;
  own.pos_weight = options->pos_weight;
  own.class_weights = static_cast<const T*>(options->class_weights);
  own.sample_weights = static_cast<const T*>(options->sample_weights);
  return own;
}
static_assert(static_cast<int>(Reduction::none) == LOSSAUDIT_FAST_NONE);
static_assert(static_cast<int>(Reduction::sum) == LOSSAUDIT_FAST_SUM);
static_assert(static_cast<int>(Reduction::mean) == LOSSAUDIT_FAST_MEAN);

/// function(x, result, shape) in the type of the format; `values` is x's size.
template <class SomeTypes, class Shape, class Function>
int map(SomeTypes types, const char* name, int format, const void* x, void* result, std::size_t values, Shape shape,
        const Function& function) {
  return guarded([&] {
    with_type(types, name, format, [&]<class T>(T /*type*/) {
      require(name, values, x != nullptr && result != nullptr);
      function(static_cast<const T*>(x), static_cast<T*>(result), shape);
    });
  });
}

/// The same for function(x, upstream, gradient, shape).
template <class SomeTypes, class Shape, class Function>
int map_gradient(SomeTypes types, const char* name, int format, const void* x, const void* upstream, void* gradient,
                 std::size_t values, Shape shape, const Function& function) {
  return guarded([&] {
    with_type(types, name, format, [&]<class T>(T /*type*/) {
      require(name, values, x != nullptr && gradient != nullptr);
      function(static_cast<const T*>(x), static_cast<const T*>(upstream), static_cast<T*>(gradient), shape);
    });
  });
}

/// The type of a target that is given as Target: the format's where that is void.
template <class Target, class T>
using TargetOf = std::conditional_t<std::is_void_v<Target>, T, Target>;

/// function(target, output, result, shape, options) in the type of the format.
template <class SomeTypes, class Target, class Shape, class Function>
int loss_value(SomeTypes types, const char* name, int format, const Target* target, const void* output, void* result,
               std::size_t values, Shape shape, const lossaudit_fast_options* options, const Function& function) {
  return guarded([&] {
    with_type(types, name, format, [&]<class T>(T /*type*/) {
      const LossOptionsOf<T> own = options_of<T>(options);
      require(name, values, target != nullptr && output != nullptr);
      require(name, own.reduction == Reduction::none ? values : 1, result != nullptr);
      function(static_cast<const TargetOf<Target, T>*>(target), static_cast<const T*>(output), static_cast<T*>(result),
               shape, own);
    });
  });
}

/// The same for function(target, output, upstream, gradient, shape, options, loss).
template <class SomeTypes, class Target, class Shape, class Function>
int loss_gradient(SomeTypes types, const char* name, int format, const Target* target, const void* output,
                  const void* upstream, void* gradient, std::size_t values, Shape shape,
                  const lossaudit_fast_options* options, void* loss, const Function& function) {
  return guarded([&] {
    with_type(types, name, format, [&]<class T>(T /*type*/) {
      require(name, values, target != nullptr && output != nullptr && gradient != nullptr);
      function(static_cast<const TargetOf<Target, T>*>(target), static_cast<const T*>(output),
               static_cast<const T*>(upstream), static_cast<T*>(gradient), shape, options_of<T>(options),
               static_cast<T*>(loss));
    });
  });
}

}  // namespace
}  // namespace lossaudit::fast

namespace fast = lossaudit::fast;

const char* lossaudit_fast_message(void) { return fast::message; }
const char* lossaudit_fast_version(void) { return LOSSAUDIT_FAST_VERSION; }

// NOLINTBEGIN(bugprone-macro-parentheses): names in declarations
#define LOSSAUDIT_FAST_ELEMENTWISE(function, Formats)                                                       \
  int lossaudit_fast_##function(int format, const void* x, void* result, size_t n) {                        \
    return fast::map(Formats(), #function, format, x, result, n, n,                                         \
                     [](auto... arguments) { fast::function(arguments...); });                              \
  }                                                                                                         \
  int lossaudit_fast_##function##_gradient(int format, const void* x, const void* upstream, void* gradient, \
                                           size_t n) {                                                      \
    return fast::map_gradient(fast::Most(), #function "_gradient", format, x, upstream, gradient, n, n,     \
                              [](auto... arguments) { fast::function##_gradient(arguments...); });          \
  }
LOSSAUDIT_FAST_ELEMENTWISE(relu, fast::Most)
LOSSAUDIT_FAST_ELEMENTWISE(sigmoid, fast::All)
LOSSAUDIT_FAST_ELEMENTWISE(log_sigmoid, fast::Most)
LOSSAUDIT_FAST_ELEMENTWISE(softplus, fast::Most)
LOSSAUDIT_FAST_ELEMENTWISE(logit, fast::Most)
#undef LOSSAUDIT_FAST_ELEMENTWISE

#define LOSSAUDIT_FAST_BY_ROW(function, Formats)                                                                       \
  int lossaudit_fast_##function(int format, const void* x, void* result, lossaudit_fast_rows rows) {                   \
    return fast::map(Formats(), #function, format, x, result, fast::size_of(rows), fast::rows_of(rows),                \
                     [](auto... arguments) { fast::function(arguments...); });                                         \
  }                                                                                                                    \
  int lossaudit_fast_##function##_gradient(int format, const void* x, const void* upstream, void* gradient,            \
                                           lossaudit_fast_rows rows) {                                                 \
    return fast::map_gradient(fast::Most(), #function "_gradient", format, x, upstream, gradient, fast::size_of(rows), \
                              fast::rows_of(rows),                                                                     \
                              [](auto... arguments) { fast::function##_gradient(arguments...); });                     \
  }
LOSSAUDIT_FAST_BY_ROW(softmax, fast::All)
LOSSAUDIT_FAST_BY_ROW(log_softmax, fast::All)
LOSSAUDIT_FAST_BY_ROW(logsumexp, fast::Most)
#undef LOSSAUDIT_FAST_BY_ROW
// NOLINTEND(bugprone-macro-parentheses)

int lossaudit_fast_binary_crossentropy(int format, const void* target, const void* output, void* result, size_t n,
                                       const lossaudit_fast_options* options) {
  return fast::loss_value(fast::All(), "binary_crossentropy", format, target, output, result, n, n, options,
                          [](auto... arguments) { fast::binary_crossentropy(arguments...); });
}
int lossaudit_fast_categorical_crossentropy(int format, const void* target, const void* output, void* result,
                                            lossaudit_fast_rows rows, const lossaudit_fast_options* options) {
  return fast::loss_value(fast::All(), "categorical_crossentropy", format, target, output, result, fast::size_of(rows),
                          fast::rows_of(rows), options,
                          [](auto... arguments) { fast::categorical_crossentropy(arguments...); });
}
int lossaudit_fast_sparse_categorical_crossentropy(int format, const int64_t* labels, const void* output, void* result,
                                                   lossaudit_fast_rows rows, const lossaudit_fast_options* options) {
  return fast::loss_value(fast::All(), "sparse_categorical_crossentropy", format, labels, output, result,
                          fast::size_of(rows), fast::rows_of(rows), options,
                          [](auto... arguments) { fast::sparse_categorical_crossentropy(arguments...); });
}
int lossaudit_fast_mean_squared_error(int format, const void* target, const void* output, void* result,
                                      lossaudit_fast_rows rows, const lossaudit_fast_options* options) {
  return fast::loss_value(fast::Most(), "mean_squared_error", format, target, output, result, fast::size_of(rows),
                          fast::rows_of(rows), options,
                          [](auto... arguments) { fast::mean_squared_error(arguments...); });
}
int lossaudit_fast_cross_entropy_error(int format, const void* target, const void* p, void* result,
                                       lossaudit_fast_rows rows, const lossaudit_fast_options* options) {
  return fast::loss_value(fast::All(), "cross_entropy_error", format, target, p, result, fast::size_of(rows),
                          fast::rows_of(rows), options,
                          [](auto... arguments) { fast::cross_entropy_error(arguments...); });
}

int lossaudit_fast_binary_crossentropy_gradient(int format, const void* target, const void* output,
                                                const void* upstream, void* gradient, size_t n,
                                                const lossaudit_fast_options* options, void* loss) {
  return fast::loss_gradient(fast::Most(), "binary_crossentropy_gradient", format, target, output, upstream, gradient,
                             n, n, options, loss,
                             [](auto... arguments) { fast::binary_crossentropy_gradient(arguments...); });
}
int lossaudit_fast_categorical_crossentropy_gradient(int format, const void* target, const void* output,
                                                     const void* upstream, void* gradient, lossaudit_fast_rows rows,
                                                     const lossaudit_fast_options* options, void* loss) {
  return fast::loss_gradient(fast::Most(), "categorical_crossentropy_gradient", format, target, output, upstream,
                             gradient, fast::size_of(rows), fast::rows_of(rows), options, loss,
                             [](auto... arguments) { fast::categorical_crossentropy_gradient(arguments...); });
}
int lossaudit_fast_sparse_categorical_crossentropy_gradient(int format, const int64_t* labels, const void* output,
                                                            const void* upstream, void* gradient,
                                                            lossaudit_fast_rows rows,
                                                            const lossaudit_fast_options* options, void* loss) {
  return fast::loss_gradient(fast::Most(), "sparse_categorical_crossentropy_gradient", format, labels, output, upstream,
                             gradient, fast::size_of(rows), fast::rows_of(rows), options, loss,
                             [](auto... arguments) { fast::sparse_categorical_crossentropy_gradient(arguments...); });
}
int lossaudit_fast_mean_squared_error_gradient(int format, const void* target, const void* output, const void* upstream,
                                               void* gradient, lossaudit_fast_rows rows,
                                               const lossaudit_fast_options* options, void* loss) {
  return fast::loss_gradient(fast::Most(), "mean_squared_error_gradient", format, target, output, upstream, gradient,
                             fast::size_of(rows), fast::rows_of(rows), options, loss,
                             [](auto... arguments) { fast::mean_squared_error_gradient(arguments...); });
}
int lossaudit_fast_cross_entropy_error_gradient(int format, const void* target, const void* p, const void* upstream,
                                                void* gradient, lossaudit_fast_rows rows,
                                                const lossaudit_fast_options* options, void* loss) {
  return fast::loss_gradient(fast::Most(), "cross_entropy_error_gradient", format, target, p, upstream, gradient,
                             fast::size_of(rows), fast::rows_of(rows), options, loss,
                             [](auto... arguments) { fast::cross_entropy_error_gradient(arguments...); });
}
