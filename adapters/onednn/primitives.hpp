// oneDNN's primitives of the family, called as a framework calls them: one engine and stream, and a primitive for each
// shape, made once.
#pragma once

#include <omp.h>

#include <cstddef>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lossaudit::adapters::onednn {
namespace {

/// One row of the table of what oneDNN has of the family.
struct Primitive {
  std::string_view function;
  std::string_view name;  ///< oneDNN's own
  dnnl::algorithm algorithm;
  bool over_classes;  ///< a softmax_v2 primitive (it takes an axis), not an eltwise one
};

constexpr Primitive primitives[] = {
    {"relu", "eltwise_relu", dnnl::algorithm::eltwise_relu, false},
    {"sigmoid", "eltwise_logistic", dnnl::algorithm::eltwise_logistic, false},
    {"log_sigmoid", "eltwise_logsigmoid", dnnl::algorithm::eltwise_logsigmoid, false},
    {"softplus", "eltwise_soft_relu", dnnl::algorithm::eltwise_soft_relu, false},
    {"softmax", "softmax_v2 (softmax_accurate)", dnnl::algorithm::softmax_accurate, true},
    {"log_softmax", "softmax_v2 (softmax_log)", dnnl::algorithm::softmax_log, true},
};

/// The forward primitive, and for the gradient pass the backward one.
struct Prepared {
  dnnl::memory::desc layout;
  dnnl::primitive forward;
  dnnl::primitive backward;
  std::string implementation;  ///< which of its kernels oneDNN chose, "jit:avx2"
};

class Library {
 public:
  /// Values do not depend on the threads. One is enough, and calls as small as an audit's take milliseconds where
  /// OpenMP's threads wait for each other on processors that others use.
  Library() { omp_set_num_threads(1); }

  /// The primitives for tensors of these dimensions, made at the first call with them. Throws dnnl::error; status
  /// dnnl_unimplemented: this machine's oneDNN has none.
  const Prepared& prepare(const Primitive& kind, dnnl::memory::data_type type, const dnnl::memory::dims& dimensions,
                          bool gradient) {
    const auto key = std::tuple(kind.algorithm, type, dimensions, gradient);
    if (const auto found = prepared_.find(key); found != prepared_.end()) return found->second;
    if (prepared_.size() >= most_prepared) prepared_.clear();

    const auto tag = kind.over_classes ? dnnl::memory::format_tag::abc : dnnl::memory::format_tag::a;
    const dnnl::memory::desc layout(dimensions, type, tag);
    return prepared_
        .emplace(key, kind.over_classes ? make_softmax(kind, layout, gradient) : make_eltwise(kind, layout, gradient))
        .first->second;
  }

  using Arguments = std::unordered_map<int, dnnl::memory>;

  Arguments forward_arguments(const Prepared& prepared, const void* source, void* result) const {
    return {{DNNL_ARG_SRC, memory(prepared, source)}, {DNNL_ARG_DST, memory(prepared, result)}};
  }
  void forward(const Prepared& prepared, const Arguments& arguments) {
    prepared.forward.execute(stream_, arguments);
    stream_.wait();
  }
  void forward(const Prepared& prepared, const void* source, void* result) {
    forward(prepared, forward_arguments(prepared, source, result));
  }

  /// An eltwise primitive takes the forward pass's source, a softmax its result.
  void backward(const Primitive& kind, const Prepared& prepared, const void* source, const void* upstream,
                void* result) {
    std::vector<std::byte> forward_result(kind.over_classes ? prepared.layout.get_size() : 0);
    if (kind.over_classes) forward(prepared, source, forward_result.data());
    const auto seen = kind.over_classes ? std::pair(DNNL_ARG_DST, memory(prepared, forward_result.data()))
                                        : std::pair(DNNL_ARG_SRC, memory(prepared, source));
    prepared.backward.execute(stream_, {{seen.first, seen.second},
                                        {DNNL_ARG_DIFF_DST, memory(prepared, upstream)},
                                        {DNNL_ARG_DIFF_SRC, memory(prepared, result)}});
    stream_.wait();
  }

 private:
  Prepared make_softmax(const Primitive& kind, const dnnl::memory::desc& layout, bool gradient) {
    const auto use = gradient ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const dnnl::softmax_v2_forward::primitive_desc chosen({use, kind.algorithm, layout, layout, 1}, engine_);
    Prepared made{layout, dnnl::softmax_v2_forward(chosen), {}, chosen.impl_info_str()};
    if (gradient) {
      const dnnl::softmax_v2_backward::primitive_desc back({kind.algorithm, layout, layout, layout, 1}, engine_,
                                                           chosen);
      made.backward = dnnl::softmax_v2_backward(back);
      made.implementation = back.impl_info_str();
    }
    return made;
  }

  Prepared make_eltwise(const Primitive& kind, const dnnl::memory::desc& layout, bool gradient) {
    const auto use = gradient ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const dnnl::eltwise_forward::primitive_desc chosen({use, kind.algorithm, layout}, engine_);
    Prepared made{layout, dnnl::eltwise_forward(chosen), {}, chosen.impl_info_str()};
    if (gradient) {
      const dnnl::eltwise_backward::primitive_desc back({kind.algorithm, layout, layout}, engine_, chosen);
      made.backward = dnnl::eltwise_backward(back);
      made.implementation = back.impl_info_str();
    }
    return made;
  }

  /// dnnl::memory has no constant form; a source is only read.
  dnnl::memory memory(const Prepared& prepared, const void* values) const {
    return {prepared.layout, engine_, const_cast<void*>(values)};
  }

  static constexpr std::size_t most_prepared = 1024;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<std::tuple<dnnl::algorithm, dnnl::memory::data_type, dnnl::memory::dims, bool>, Prepared> prepared_;
};

Library& library() {
  static Library only;
  return only;
}

std::string library_version() {
  const dnnl_version_t* v = dnnl::version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace
}  // namespace lossaudit::adapters::onednn
