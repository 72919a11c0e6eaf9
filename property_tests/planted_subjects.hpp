// Audits of one planted subject, for the tests of what an audit is held against.
#pragma once

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "audit/auditor.hpp"

namespace lossaudit::planted {

inline const char* const lines[] = {"relu,sigmoid exact f32 forward", nullptr};

using Compute = int (*)(const lossaudit_contract*, const lossaudit_tensors*);

/// A sigmoid whose results `wrong` changes, and a right relu.
template <double (*wrong)(double)>
int compute(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
    const double x = static_cast<const float*>(t->output)[i];
    const double sigmoid = x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
    const bool relu = std::string(contract->function) == "relu";
    static_cast<float*>(t->result)[i] = static_cast<float>(relu ? (x < 0 ? 0 : x) : wrong(sigmoid));
  }
  return LOSSAUDIT_OK;
}

inline double right(double s) { return s; }
inline double off_by_a_little(double s) { return s < 0.99 ? s * (1 + 0.3 * 0x1p-24) : s; }
inline double off_by_2_ulp(double s) { return s < 0.99 ? s * (1 + 2 * 0x1p-24) : s; }
inline double off_by_20_ulp(double s) { return s * (1 + 20 * 0x1p-24); }
inline double off_by_200_ulp(double s) { return s * (1 + 200 * 0x1p-24); }
inline double nan_near_one(double s) { return s > 0.9 ? std::numeric_limits<double>::quiet_NaN() : s; }
inline double nan_and_off(double s) { return nan_near_one(off_by_20_ulp(s)); }
inline int fails(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  return std::string(contract->function) == "relu" ? compute<right>(contract, t) : LOSSAUDIT_FAILED;
}

/// The run record of the subject, named "planted".
inline RunRecord audited(Compute subject, std::uint64_t seed = 1, const std::string& profile = "faithful") {
  AuditRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "planted", "1", lines, subject}), "planted", "planted", true});
  request.filter.functions = {Function::relu, Function::sigmoid};
  request.filter.formats = {Format::f32};
  request.profile = &profile_named(profile);
  request.elements = 2000;
  request.seed = seed;
  return run_audit(request);
}

inline Accuracy& accuracy_of(RunRecord& record, const std::string& function) {
  for (Accuracy& accuracy : record.accuracy) {
    if (accuracy.function == function) return accuracy;
  }
  throw std::runtime_error("no accuracy of " + function);
}

}  // namespace lossaudit::planted
