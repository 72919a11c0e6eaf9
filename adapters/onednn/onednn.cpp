// oneDNN's primitives as a subject, called as a framework calls them: one engine and stream, and a primitive for each
// shape, made once.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/onednn/primitives.hpp"
#include "audit/subject.h"

namespace {

using namespace lossaudit::adapters::onednn;

struct StoredFormat {
  std::string_view name;
  dnnl::memory::data_type type;
};
constexpr StoredFormat formats[] = {{"f32", dnnl::memory::data_type::f32}, {"bf16", dnnl::memory::data_type::bf16}};

template <typename Row, std::size_t n>
const Row* find(const Row (&table)[n], std::string_view name, std::string_view Row::*column) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const Row& row) { return row.*column == name; });
  return found == std::end(table) ? nullptr : found;
}

int compute(const lossaudit_contract* contract, const lossaudit_tensors* in) {
  const Primitive* kind = find(primitives, contract->function, &Primitive::function);
  const StoredFormat* format = find(formats, contract->format, &StoredFormat::name);
  if (!kind || !format) return LOSSAUDIT_UNSUPPORTED;
  using dim = dnnl::memory::dim;
  const dim outer = static_cast<dim>(in->outer), classes = static_cast<dim>(in->classes),
            inner = static_cast<dim>(in->inner);
  try {
    const auto dimensions =
        kind->over_classes ? dnnl::memory::dims{outer, classes, inner} : dnnl::memory::dims{outer * classes * inner};
    const bool gradient = contract->pass == std::string_view("gradient");
    const Prepared& prepared = library().prepare(*kind, format->type, dimensions, gradient);
    if (!gradient) {
      library().forward(prepared, in->output, in->result);
    } else if (in->upstream) {
      library().backward(*kind, prepared, in->output, in->upstream, in->result);
    } else {
      return LOSSAUDIT_UNSUPPORTED;
    }
    return LOSSAUDIT_OK;
  } catch (const dnnl::error& error) {
    return error.status == dnnl_unimplemented ? LOSSAUDIT_UNSUPPORTED : LOSSAUDIT_FAILED;
  }
}

/// What this machine's oneDNN has (bf16 depends on the processor), each with oneDNN's own names as the note.
std::vector<std::string> contract_lines() {
  std::vector<std::string> lines;
  for (const Primitive& kind : primitives) {
    for (const StoredFormat& format : formats) {
      for (const bool gradient : {false, true}) {
        try {
          const auto dimensions = kind.over_classes ? dnnl::memory::dims{1, 1000, 1} : dnnl::memory::dims{1000};
          const std::string implementation = library().prepare(kind, format.type, dimensions, gradient).implementation;
          lines.push_back(std::string(kind.function) + " exact " + std::string(format.name) +
                          (gradient ? " gradient" : " forward") + (kind.over_classes ? " axis" : "") + "  # " +
                          std::string(kind.name) + ", " + implementation);
        } catch (const dnnl::error&) {
          continue;
        }
      }
    }
  }
  return lines;
}

lossaudit_subject make_subject() {
  static const std::vector<std::string> lines = contract_lines();
  static const std::vector<const char*> contracts = [] {
    std::vector<const char*> texts;
    for (const std::string& line : lines) texts.push_back(line.c_str());
    texts.push_back(nullptr);
    return texts;
  }();
  static const std::string version = library_version();
  return {LOSSAUDIT_ABI_VERSION, "onednn", version.c_str(), contracts.data(), compute};
}

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  static const lossaudit_subject onednn = make_subject();
  return index == 0 ? &onednn : nullptr;
}
