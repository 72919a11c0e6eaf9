// XNNPACK's operators as a subject, called as TensorFlow Lite and ONNX Runtime call them: an operator for each number of
// channels, made once, and set up for each batch.
#include <xnnpack.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/xnnpack/operators.hpp"
#include "audit/subject.h"

namespace {

using namespace lossaudit::adapters::xnnpack;

class Library {
 public:
  /// Computes `batch` times `channels` values.
  void run(const OperatorKind& kind, std::size_t batch, std::size_t channels, const float* from, float* to) {
    // XNNPACK reads up to XNN_EXTRA_BYTES past its input, and asks its callers for room there.
    padded_.resize(batch * channels + XNN_EXTRA_BYTES / sizeof(float));
    std::copy_n(from, batch * channels, padded_.begin());
    const Operator& made = prepare(kind, channels);
    made.set_up(batch, padded_.data(), to);
    made.run();
  }

 private:
  static constexpr std::size_t most_prepared = 1024;

  const Operator& prepare(const OperatorKind& kind, std::size_t channels) {
    const auto key = std::pair(&kind, channels);
    if (const auto found = prepared_.find(key); found != prepared_.end()) return found->second;
    if (prepared_.size() >= most_prepared) prepared_.clear();
    return prepared_.try_emplace(key, kind, channels).first->second;
  }

  std::map<std::pair<const OperatorKind*, std::size_t>, Operator> prepared_;
  std::vector<float> padded_;
};

int compute(const lossaudit_contract* contract, const lossaudit_tensors* in) {
  const auto* kind = std::find_if(std::begin(operators), std::end(operators),
                                  [&](const OperatorKind& row) { return row.function == contract->function; });
  if (kind == std::end(operators) || (kind->over_channels && in->inner != 1)) return LOSSAUDIT_UNSUPPORTED;
  const std::size_t channels = kind->over_channels ? in->classes : 1;
  try {
    static Library library;
    library.run(*kind, in->outer * in->classes * in->inner / channels, channels, static_cast<const float*>(in->output),
                static_cast<float*>(in->result));
    return LOSSAUDIT_OK;
  } catch (const std::exception&) {
    return LOSSAUDIT_FAILED;
  }
}

const char* const contracts[] = {"relu exact f32 forward  # xnn_create_clamp_nc_f32 from 0 to infinity",
                                 "sigmoid exact f32 forward  # xnn_create_sigmoid_nc_f32",
                                 "softmax exact f32 forward  # xnn_create_softmax_nc_f32", nullptr};

// The library itself does not tell its version: the build looks it up.
const lossaudit_subject xnnpack = {LOSSAUDIT_ABI_VERSION, "xnnpack", XNNPACK_VERSION, contracts, compute};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &xnnpack : nullptr; }
