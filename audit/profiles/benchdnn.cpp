// The thresholds of oneDNN's benchdnn for a CPU on x86: uxlfoundation/oneDNN,
//   tests/benchdnn/eltwise/eltwise.cpp at commit 657be2df4997 (get_eltwise_threshold, check_abs_err),
//   tests/benchdnn/softmax/softmax.cpp at commit 0a89c3660b8d (setup_cmp, in the default accumulation mode `strict`),
//   tests/benchdnn/utils/compare.cpp at commit 0c409b2f5efe (compare_p2p).
//
// benchdnn computes its reference in binary32 and rounds it to the format; the figures are held against the exact real
// number here.
#include <algorithm>
#include <cmath>

#include "audit/profiles/tables.hpp"

namespace lossaudit {
namespace {

/// compare_p2p: the difference is relative where the expected value is larger than this …
constexpr double relative_above = 1e-5;
/// … and where it is not, a difference below binary32's epsilon passes whatever the threshold (epsilon_dt(dnnl_f32)).
constexpr double f32_epsilon = 0x1p-23;

/// epsilon_dt: the step from 1 to the next number.
double epsilon(Format format) { return std::ldexp(1.0, 1 - traits(format).precision); }

/// get_eltwise_threshold: one rounding in 16 bits; in binary32 a figure by algorithm (soft_relu is one of those with
/// the higher one).
double eltwise_threshold(const Contract& contract) {
  if (contract.format != Format::f32) return epsilon(contract.format);
  const bool soft_relu = contract.function == Function::softplus || contract.function == Function::log_sigmoid;
  return soft_relu ? 4e-5 : 4e-6;
}

Budget eltwise_budget(const Contract& contract, const std::string& algorithm) {
  const double threshold = eltwise_threshold(contract);
  Tolerance tolerance{.rtol = threshold, .atol = std::max(threshold, f32_epsilon), .relative_above = relative_above};
  // check_abs_err: where the algorithm is known to cancel, the difference is absolute.
  const double cancels_below = 2 * f32_epsilon / threshold;
  if (algorithm == "soft_relu" && contract.pass == Pass::forward) {
    // Of a negative alpha · input, whose result is at most 10 times as large.
    tolerance.relative_above = std::max(relative_above, 10 * cancels_below);
  } else if (algorithm == "logistic" && contract.pass == Pass::gradient) {
    // Of inputs s of 0 or more with 1 / (1 + e^s) at most as large.
    tolerance.absolute_from_input = std::log(1 / cancels_below - 1);
  }
  return tolerance_budget(tolerance, "oneDNN benchdnn, eltwise.cpp at 657be2df4997: " + algorithm);
}

Budget softmax_budget(const Contract& contract, bool log) {
  const double strict16 = 0;  // trh: nothing but the rounded result in 16 bits, accumulated in binary32
  const double threshold = contract.format != Format::f32
                               ? strict16
                               : 10 * f32_epsilon * (log ? 5 : 1) * (contract.pass == Pass::forward ? 1 : 4);
  // softmax_add_check: a difference below binary32's epsilon always passes.
  const Tolerance tolerance{.rtol = threshold,
                            .atol = std::max(threshold, f32_epsilon),
                            .relative_above = relative_above,
                            .at_least = f32_epsilon};
  return tolerance_budget(tolerance, std::string("oneDNN benchdnn, softmax.cpp at 0a89c3660b8d: ") +
                                         (log ? "logsoftmax" : "softmax") +
                                         (contract.format == Format::f32 ? "" : ", accumulation strict"));
}

Budget benchdnn_budget(const Contract& contract) {
  if (contract.format == Format::f64) {
    return no_budget("oneDNN benchdnn, utils/numeric.cpp at 0b9912f0d4de: double is not supported yet");
  }
  switch (contract.function) {
    case Function::relu:
      return eltwise_budget(contract, "relu");
    case Function::sigmoid:
      return eltwise_budget(contract, "logistic");
    case Function::log_sigmoid:  // soft_relu with alpha = −1
    case Function::softplus:
      return eltwise_budget(contract, "soft_relu");
    case Function::softmax:
      return softmax_budget(contract, false);
    case Function::log_softmax:
      return softmax_budget(contract, true);
    default:
      return no_budget("oneDNN benchdnn: oneDNN has no primitive for it");
  }
}

}  // namespace

const Profile benchdnn_profile = {
    "benchdnn", "oneDNN's benchdnn: a relative threshold, absolute for small results",
    "uxlfoundation/oneDNN, tests/benchdnn: eltwise/eltwise.cpp at commit 657be2df499720d118f73284e7ca4583fee5712a, "
    "softmax/softmax.cpp at commit 0a89c3660b8d15357629457d632593c59e6013e5, utils/compare.cpp at commit "
    "0c409b2f5efea7e08a6b26e6f36433dc0b9672ee",
    benchdnn_budget};

}  // namespace lossaudit
