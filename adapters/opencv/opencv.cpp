// OpenCV's dnn module as a subject: networks of one layer, run by cv::dnn::Net on the CPU as any network is.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>
#include <string_view>

#include "audit/subject.h"

namespace {

/// One row of the table of what OpenCV has of the family.
struct Layer {
  std::string_view function;
  const char* type;   ///< OpenCV's name of the layer
  bool over_classes;  ///< it takes an axis
  bool logarithm;
};

constexpr Layer layers[] = {
    {"relu", "ReLU", false, false},      {"sigmoid", "Sigmoid", false, false},   {"softplus", "Softplus", false, false},
    {"softmax", "Softmax", true, false}, {"log_softmax", "Softmax", true, true},
};
constexpr std::size_t layer_count = std::size(layers);

cv::dnn::Net network_of(const Layer& layer) {
  cv::dnn::LayerParams parameters;
  if (layer.over_classes) {
    parameters.set("axis", 1);
    parameters.set("log_softmax", layer.logarithm);
  }
  cv::dnn::Net network;
  network.addLayerToPrev("only", layer.type, parameters);
  network.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
  network.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
  return network;
}

int compute(const lossaudit_contract* contract, const lossaudit_tensors* in) {
  const auto* layer = std::find_if(std::begin(layers), std::end(layers),
                                   [&](const Layer& row) { return row.function == contract->function; });
  if (layer == std::end(layers)) return LOSSAUDIT_UNSUPPORTED;
  try {
    static cv::dnn::Net networks[layer_count];
    cv::dnn::Net& network = networks[layer - std::begin(layers)];
    if (network.empty()) network = network_of(*layer);

    const int sizes[] = {static_cast<int>(in->outer), static_cast<int>(in->classes), static_cast<int>(in->inner)};
    // cv::Mat has no constant form; the network copies its input.
    network.setInput(cv::Mat(3, sizes, CV_32F, const_cast<void*>(in->output)));
    const cv::Mat result = network.forward();
    if (result.total() != in->result_count || result.type() != CV_32F || !result.isContinuous()) {
      return LOSSAUDIT_FAILED;
    }
    std::copy_n(result.ptr<float>(), in->result_count, static_cast<float*>(in->result));
    return LOSSAUDIT_OK;
  } catch (const std::exception&) {
    return LOSSAUDIT_FAILED;
  }
}

const char* const contracts[] = {"relu exact f32 forward  # layer ReLU",
                                 "sigmoid exact f32 forward  # layer Sigmoid",
                                 "softplus exact f32 forward  # layer Softplus",
                                 "softmax exact f32 forward axis  # layer Softmax",
                                 "log_softmax exact f32 forward axis  # layer Softmax with log_softmax",
                                 nullptr};

const lossaudit_subject opencv = {LOSSAUDIT_ABI_VERSION, "opencv", CV_VERSION, contracts, compute};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &opencv : nullptr; }
