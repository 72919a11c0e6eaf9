// Functions of elements and of rows, from and to 16 bits.
#include <algorithm>
#include <vector>

#include "fast/formats.hpp"
#include "fast/formats_parts.hpp"
#include "fast/row_layout.hpp"
#include "fast/sum_block.hpp"

namespace lossaudit::fast {
namespace {

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

// NOLINTBEGIN(bugprone-macro-parentheses): a type in a declaration
#define LOSSAUDIT_FAST_ELEMENTWISE(function, T)      \
  template void function(const T*, T*, std::size_t); \
  template void function##_gradient(const T*, const T*, T*, std::size_t)
#define LOSSAUDIT_FAST_BY_ROW(function, T)           \
  template void function(const T*, T*, const Rows&); \
  template void function##_gradient(const T*, const T*, T*, const Rows&)
#define LOSSAUDIT_FAST_STORED_16(T)           \
  LOSSAUDIT_FAST_ELEMENTWISE(relu, T);        \
  LOSSAUDIT_FAST_ELEMENTWISE(sigmoid, T);     \
  LOSSAUDIT_FAST_ELEMENTWISE(log_sigmoid, T); \
  LOSSAUDIT_FAST_ELEMENTWISE(softplus, T);    \
  LOSSAUDIT_FAST_ELEMENTWISE(logit, T);       \
  LOSSAUDIT_FAST_BY_ROW(softmax, T);          \
  LOSSAUDIT_FAST_BY_ROW(log_softmax, T);      \
  LOSSAUDIT_FAST_BY_ROW(logsumexp, T)
LOSSAUDIT_FAST_STORED_16(Float16);
LOSSAUDIT_FAST_STORED_16(BFloat16);
#undef LOSSAUDIT_FAST_STORED_16
#undef LOSSAUDIT_FAST_BY_ROW
#undef LOSSAUDIT_FAST_ELEMENTWISE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace lossaudit::fast
