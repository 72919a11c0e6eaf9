// The tolerances of ONNX's backend tests: onnx/onnx, onnx/backend/test/loader/__init__.py at commit 054f0c36fa96 gives
// every node test rtol = 1e-3 and atol = 1e-7, which onnx/backend/test/runner/__init__.py hands to
// numpy.testing.assert_allclose.
#include "audit/profiles/tables.hpp"

namespace lossaudit {
namespace {

constexpr const char* version = "ONNX backend tests, onnx/backend/test/loader/__init__.py at 054f0c36fa96: ";

/// The operator that computes the contract, or null.
const char* operator_for(const Contract& contract) {
  const Options& options = contract.options;
  switch (contract.function) {
    case Function::relu:
      return "Relu";
    case Function::sigmoid:
      return "Sigmoid";
    case Function::softplus:
      return "Softplus";
    case Function::softmax:
      return "Softmax";
    case Function::log_softmax:
      return "LogSoftmax";
    case Function::logsumexp:
      return "ReduceLogSumExp";
    case Function::sparse_categorical_crossentropy:
      // Its inputs are scores, labels and a weight a class; it has no label smoothing and no weight a sample.
      return options.from_logits && options.label_smoothing == 0 && !options.sample_weights ? "SoftmaxCrossEntropyLoss"
                                                                                            : nullptr;
    default:
      return nullptr;
  }
}

Budget onnx_budget(const Contract& contract) {
  const std::string source = version;
  if (contract.pass != Pass::forward) return no_budget(source + "no test of a gradient");
  const char* name = operator_for(contract);
  if (name == nullptr) return no_budget(source + "ONNX has no operator for it");
  return tolerance_budget({.rtol = 1e-3, .atol = 1e-7}, source + "node tests of " + name);
}

}  // namespace

const Profile onnx_profile = {
    "onnx", "ONNX's backend tests: rtol 1e-3 and atol 1e-7 in every format",
    "onnx/onnx, onnx/backend/test/loader/__init__.py at commit 054f0c36fa966de926ecff5b4ecbfc34a14ad585", onnx_budget};

}  // namespace lossaudit
