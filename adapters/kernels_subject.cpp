// A table of kernels as a subject: what is timed is what is audited. Compiled once for each library, with KERNELS its
// function of kernel_libraries.hpp.
#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kernel_libraries.hpp"
#include "audit/subject.h"

namespace {

using namespace lossaudit::adapters;

constexpr std::string_view fused = "forward+gradient";

/// With the gradient that "forward+gradient" gives as a contract of its own.
std::string as_gradient(std::string contract) {
  if (const std::size_t at = contract.find(fused); at != std::string::npos) {
    contract.replace(at, fused.size(), "gradient");
  }
  return contract;
}

struct Table {
  Table() : library(KERNELS()) {
    for (const Kernel& kernel : library.kernels) {
      const std::string contract = as_gradient(kernel.contract);
      kernels[contract] = &kernel;
      std::string line = contract;
      if (const std::size_t at = line.find(" from_logits"); at != std::string::npos) line.insert(at + 12, "=1");
      lines.push_back(line + (kernel.note.empty() ? "" : "  # " + kernel.note));
    }
    for (const std::string& line : lines) contracts.push_back(line.c_str());
    contracts.push_back(nullptr);
    subject = {LOSSAUDIT_ABI_VERSION, library.name.c_str(), library.version.c_str(), contracts.data(),
               [](const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
                 return table().compute(*contract, *tensors);
               }};
  }
  static Table& table() {
    static Table only;
    return only;
  }

  int compute(const lossaudit_contract& contract, const lossaudit_tensors& in) const;

  KernelLibrary library;
  std::vector<std::string> lines;
  std::vector<const char*> contracts;
  std::map<std::string, const Kernel*> kernels;
  lossaudit_subject subject;
};

/// Canonical text, for the options that the tables know.
std::string text_of(const lossaudit_contract& contract) {
  std::string text =
      std::string(contract.function) + " " + contract.dialect + " " + contract.format + " " + contract.pass;
  if (contract.from_logits != 0) text += " from_logits";
  if (contract.reduction != std::string_view("none")) text += std::string(" reduction=") + contract.reduction;
  return text;
}

/// With room behind it, as kernels may ask.
std::vector<float> padded(const void* values, std::size_t count) {
  std::vector<float> copy(count + kernel_padding / sizeof(float));
  if (values != nullptr) std::memcpy(copy.data(), values, count * sizeof(float));
  return copy;
}

int Table::compute(const lossaudit_contract& contract, const lossaudit_tensors& in) const {
  const auto found = kernels.find(text_of(contract));
  if (found == kernels.end() || in.inner != 1) return LOSSAUDIT_UNSUPPORTED;
  const std::size_t count = in.outer * in.classes;
  const bool gradient = contract.pass == std::string_view("gradient");
  const std::vector<float> output = padded(in.output, count), target = padded(in.target, count);
  std::vector<float> result = padded(nullptr, std::max(count, in.result_count)), loss = padded(nullptr, in.outer);
  KernelCall call;
  call.outer = in.outer;
  call.classes = in.classes;
  call.output = output.data();
  call.target = target.data();
  call.labels = in.labels;
  call.result = result.data();
  call.loss = loss.data();
  // A label that is none of the classes is no kernel's business.
  for (std::size_t row = 0; in.labels != nullptr && row < in.outer; ++row) {
    if (in.labels[row] < 0 || static_cast<std::size_t>(in.labels[row]) >= in.classes) return LOSSAUDIT_FAILED;
  }
  try {
    found->second->prepare(call)();
  } catch (const std::exception&) {
    return LOSSAUDIT_FAILED;
  }
  if (gradient && in.upstream != nullptr) {
    const float* upstream = static_cast<const float*>(in.upstream);
    const bool reduced = contract.reduction != std::string_view("none");
    for (std::size_t i = 0; i < count; ++i) result[i] *= upstream[reduced ? 0 : i / in.classes];
  }
  std::memcpy(in.result, result.data(), in.result_count * sizeof(float));
  return LOSSAUDIT_OK;
}

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  return index == 0 ? &Table::table().subject : nullptr;
}
