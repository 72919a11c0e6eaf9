// XNNPACK's operators of the family, called as TensorFlow Lite and ONNX Runtime call them: an operator for each number of
// channels, made once, and set up for each batch.
#pragma once

#include <xnnpack.h>

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace lossaudit::adapters::xnnpack {
namespace {

using Create = xnn_status (*)(std::size_t channels, xnn_operator_t* made);
using SetUp = xnn_status (*)(xnn_operator_t, std::size_t batch, const float*, float*, pthreadpool_t);

/// One row of the table of what XNNPACK has of the family.
struct OperatorKind {
  std::string_view function;
  bool over_channels;  ///< the channels are the classes of a row, not one value each
  Create create;
  SetUp set_up;
};

constexpr OperatorKind operators[] = {
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

/// One operator for one number of channels. Throws std::runtime_error where XNNPACK refuses.
class Operator {
 public:
  Operator(const OperatorKind& kind, std::size_t channels) : kind_(kind) {
    expect_success(xnn_initialize(nullptr));
    expect_success(kind.create(channels, &made_));
  }
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator() { xnn_delete_operator(made_); }

  /// For `batch` times the channels' values. A null thread pool means the calling thread.
  void set_up(std::size_t batch, const float* from, float* to) const {
    expect_success(kind_.set_up(made_, batch, from, to, nullptr));
  }
  void run() const { expect_success(xnn_run_operator(made_, nullptr)); }

 private:
  const OperatorKind& kind_;
  xnn_operator_t made_ = nullptr;
};

}  // namespace
}  // namespace lossaudit::adapters::xnnpack
