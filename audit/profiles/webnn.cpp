// The tolerances of the WebNN conformance tests: web-platform-tests/wpt, webnn/resources/utils.js at commit
// 3e857185318a (2024). They count steps between numbers of the format from a result in double precision.
#include "audit/profiles/tables.hpp"

namespace lossaudit {
namespace {

struct Row {
  Function function;
  double f32, f16;
  double per_class;  ///< in both formats
  const char* source;
};

constexpr Row table[] = {
    {Function::relu, 0, 0, 0, "PrecisionMetrics.relu"},
    {Function::sigmoid, 34, 3, 0, "PrecisionMetrics.sigmoid"},
    {Function::softplus, 18, 18, 0, "PrecisionMetrics.softplus"},
    {Function::softmax, 3, 3, 3, "getSoftmaxPrecisionTolerance"},
    {Function::logsumexp, 18, 18, 2, "getReductionPrecisionTolerance of reduceLogSumExp"},
};

constexpr const char* version = "WebNN conformance tests, wpt webnn/resources/utils.js at 3e857185318a: ";

Budget webnn_budget(const Contract& contract) {
  const std::string source = version;
  if (contract.pass != Pass::forward) return no_budget(source + "WebNN has no gradients");
  if (contract.format != Format::f32 && contract.format != Format::f16) {
    return no_budget(source + "no tolerances for " + std::string(traits(contract.format).name));
  }
  for (const Row& row : table) {
    if (row.function != contract.function) continue;
    return ulp_budget(contract.format == Format::f32 ? row.f32 : row.f16, source + row.source, row.per_class);
  }
  return no_budget(source + "WebNN has no operator for it");
}

}  // namespace

const Profile webnn_profile = {
    "webnn", "the WebNN conformance tests: ulps by operator and format, more for longer rows",
    "web-platform-tests/wpt, webnn/resources/utils.js at commit 3e857185318a85d82c3d6302decb39e091b8c41f",
    webnn_budget};

}  // namespace lossaudit
