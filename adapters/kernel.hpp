// A library's own calls on arrays that lie ready, as whoever needs its speed would make them: the benchmarks time them,
// and an adapter can offer them as a subject, so that a speed and an accuracy speak of the same code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lossaudit::adapters {

/// The arrays of one call. XNNPACK reads past the ends of its inputs: there is room of kernel_padding bytes behind each.
struct KernelCall {
  std::size_t outer = 1, classes = 1;    ///< rows, and the values in each; elementwise functions take all as one row
  const float* output = nullptr;         ///< x, o or p
  const float* target = nullptr;         ///< t, of the same shape
  const std::int64_t* labels = nullptr;  ///< one for each row
  float* result = nullptr;               ///< what the pass gives: the forward pass's result, or the gradient
  float* loss = nullptr;                 ///< "forward+gradient": the loss beside the gradient

  [[nodiscard]] std::size_t count() const { return outer * classes; }
};
inline constexpr std::size_t kernel_padding = 256;

/// One row of a library's table.
struct Kernel {
  /// "sigmoid exact f32 forward": canonical contract text (reference/contract.hpp), where the pass may also be
  /// "forward+gradient". A gradient is for an incoming gradient of ones.
  std::string contract;
  std::string note;  ///< the library's own name of it, or "composed here from …"
  /// Makes ready what a user would make once for arrays of this shape; what it returns computes.
  std::function<std::function<void()>(const KernelCall&)> prepare;
};

struct KernelLibrary {
  std::string name, version;
  std::vector<Kernel> kernels;
};

/// A kernel that needs nothing made ready.
template <class Compute>
Kernel plain_kernel(std::string contract, std::string note, Compute compute) {
  return {std::move(contract), std::move(note),
          [compute](const KernelCall& call) { return std::function<void()>([compute, call] { compute(call); }); }};
}

}  // namespace lossaudit::adapters
