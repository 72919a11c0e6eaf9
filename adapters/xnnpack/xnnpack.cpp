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

#include "audit/subject.h"

namespace {

using Create = xnn_status (*)(std::size_t channels, xnn_operator_t* made);
using SetUp = xnn_status (*)(xnn_operator_t, std::size_t batch, const float*, float*, pthreadpool_t);

/// One row of the table of what XNNPACK has of the family.
struct Operator {
  std::string_view function;
  bool over_channels;  ///< the channels are the classes of a row, not one value each
  Create create;
  SetUp set_up;
};

constexpr Operator operators[] = {
    // xnn_define_clamp's own way to a ReLU: bounds of 0 and infinity choose its kernel.
    {"relu", false,
     [](std::size_t channels, xnn_operator_t* made) {
       return xnn_create_clamp_nc_f32(channels, channels, channels, 0, std::numeric_limits<float>::infinity(), 0, made);
     },
     xnn_setup_clamp_nc_f32},
    {"sigmoid", false,
     [](std::size_t channels, xnn_operator_t* made) {
       return xnn_create_sigmoid_nc_f32(channels, channels, channels, 0, made);
     },
     xnn_setup_sigmoid_nc_f32},
    {"softmax", true,
     [](std::size_t channels, xnn_operator_t* made) {
       return xnn_create_softmax_nc_f32(channels, channels, channels, 0, made);
     },
     xnn_setup_softmax_nc_f32},
};

void expect_success(xnn_status status) {
  if (status != xnn_status_success) throw std::runtime_error("XNNPACK refused");
}

class Library {
 public:
  Library() { expect_success(xnn_initialize(nullptr)); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { clear(); }

  /// Computes `batch` times `channels` values. A null thread pool means the calling thread.
  void run(const Operator& kind, std::size_t batch, std::size_t channels, const float* from, float* to) {
    // XNNPACK reads up to XNN_EXTRA_BYTES past its input, and asks its callers for room there.
    padded_.resize(batch * channels + XNN_EXTRA_BYTES / sizeof(float));
    std::copy_n(from, batch * channels, padded_.begin());
    xnn_operator_t made = prepare(kind, channels);
    expect_success(kind.set_up(made, batch, padded_.data(), to, nullptr));
    expect_success(xnn_run_operator(made, nullptr));
  }

 private:
  static constexpr std::size_t most_prepared = 1024;

  xnn_operator_t prepare(const Operator& kind, std::size_t channels) {
    const auto key = std::pair(&kind, channels);
    if (const auto found = prepared_.find(key); found != prepared_.end()) return found->second;
    if (prepared_.size() >= most_prepared) clear();
    xnn_operator_t made = nullptr;
    expect_success(kind.create(channels, &made));
    return prepared_[key] = made;
  }

  void clear() {
    for (const auto& [key, made] : prepared_) xnn_delete_operator(made);
    prepared_.clear();
  }

  std::map<std::pair<const Operator*, std::size_t>, xnn_operator_t> prepared_;
  std::vector<float> padded_;
};

int compute(const lossaudit_contract* contract, const lossaudit_tensors* in) {
  const auto* kind = std::find_if(std::begin(operators), std::end(operators),
                                  [&](const Operator& row) { return row.function == contract->function; });
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
