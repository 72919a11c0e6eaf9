#include "audit/pipe_message.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "audit/declared_subject.hpp"

namespace lossaudit::pipe {
namespace {

using safetensors::DType;
using safetensors::Entry;
using safetensors::Header;

constexpr std::size_t most_reason = 200;  ///< characters of a program's own words that are kept

/// A tensor that a call has; I64 first, so that each is aligned behind a header of a multiple of 8 bytes.
constexpr Tensor inputs[] = {Tensor::labels,        Tensor::output,         Tensor::target,
                             Tensor::class_weights, Tensor::sample_weights, Tensor::upstream};

std::size_t index(Tensor tensor) { return static_cast<std::size_t>(tensor); }

const DType& dtype_of(Tensor tensor, Format format) {
  return tensor == Tensor::labels ? safetensors::dtype_of_labels() : safetensors::dtype_of(format);
}

std::string shown(const std::vector<std::size_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// The dimensions that the function has before a reduction.
std::vector<std::size_t> unreduced(const Contract& contract, const Shape& shape) {
  if (traits(contract.function).layout != Layout::row_to_value) return dimensions(Tensor::output, contract, shape);
  return dimensions(Tensor::labels, contract, shape);
}

}  // namespace

Header hello(const std::string& shared_memory) {
  Header header;
  header.metadata = {{"lossaudit", "hello"}, {"protocol", std::string(protocol)}, {"shared_memory", shared_memory}};
  return header;
}

Introduction read_introduction(const Header& header) {
  const auto need = [&](const std::string& key) {
    if (!header.metadata.contains(key)) {
      throw BadInput("its answer to the hello has no '" + key + "' in its __metadata__: see adapters/protocol.md");
    }
    return header.said(key);
  };
  if (!header.tensors.empty()) throw BadInput("its answer to the hello has tensors: answer with __metadata__ alone");
  if (header.metadata.contains("error")) {
    throw BadInput("it says: " + printable(header.said("error"), most_reason) + ": make it start");
  }
  if (need("protocol") != protocol) {
    throw BadInput("it speaks protocol version '" + printable(header.said("protocol"), 20) +
                   "' where this program speaks " + std::string(protocol) + ": take the helper of this release");
  }
  Introduction introduction{.name = printable(need("name"), max_subject_name),
                            .version = printable(need("version"), max_subject_name),
                            .lines = {},
                            .shares_memory = header.said("shared_memory") == "1"};
  if (introduction.name.empty()) introduction.name = "unnamed";
  std::string_view rest = need("contracts");
  while (!rest.empty() && introduction.lines.size() <= max_contract_lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end != 0) introduction.lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return introduction;
}

std::vector<std::size_t> dimensions(Tensor tensor, const Contract& contract, const Shape& shape) {
  const bool flat = traits(contract.function).layout == Layout::elementwise;
  const bool deep = contract.options.axis || shape.inner != 1;
  Contract forward = contract;
  forward.pass = Pass::forward;
  switch (tensor) {
    case Tensor::output:
    case Tensor::target:
      if (flat) return {shape.elements()};
      return deep ? std::vector{shape.outer, shape.classes, shape.inner} : std::vector{shape.outer, shape.classes};
    case Tensor::labels:
      return deep ? std::vector{shape.outer, shape.inner} : std::vector{shape.outer};
    case Tensor::class_weights:
      return {shape.classes};
    case Tensor::sample_weights:
      return unreduced(contract, shape);
    case Tensor::upstream:
      return dimensions(Tensor::result, forward, shape);
    case Tensor::result:
      if (contract.pass == Pass::gradient) return dimensions(Tensor::output, contract, shape);
      return contract.options.reduction == Reduction::none ? unreduced(contract, shape) : std::vector<std::size_t>{};
  }
  return {};
}

Header call(const Contract& contract, const Shape& shape, std::size_t line) {
  const Options& options = contract.options;
  Header header;
  header.metadata = {
      {"lossaudit", "call"},
      {"contract", to_string(contract)},
      {"line", std::to_string(line)},
      {"function", std::string(traits(contract.function).name)},
      {"dialect", std::string(traits(contract.dialect).name)},
      {"format", std::string(traits(contract.format).name)},
      {"pass", std::string(to_string(contract.pass))},
      {"from_logits", options.from_logits ? "1" : "0"},
      {"reduction", std::string(to_string(options.reduction))},
      {"axis", "1"},
      {"epsilon", fmt::format("{}", clip_epsilon(contract))},
      {"label_smoothing", fmt::format("{}", options.label_smoothing)},
      {"pos_weight", fmt::format("{}", options.pos_weight.value_or(1))},
      {"ignore_index", options.ignore_index ? std::to_string(*options.ignore_index) : "none"},
      {"result_shape", shown(dimensions(Tensor::result, contract, shape))},
  };
  return header;
}

void append_tensors(Header& call, const Contract& contract, const Shape& shape, const TensorBytes& bytes) {
  for (const Tensor tensor : inputs) {
    if (bytes[index(tensor)] == 0) continue;
    call.append(tensor_names[index(tensor)], dtype_of(tensor, contract.format), dimensions(tensor, contract, shape));
  }
}

void append_shared(Header& call, const Contract& contract, const Shape& shape, const TensorBytes& bytes,
                   const TensorBytes& offsets) {
  call.metadata["shared_memory"] = "1";
  for (std::size_t i = 0; i < tensor_count; ++i) {
    if (bytes[i] == 0) continue;
    const auto tensor = static_cast<Tensor>(i);
    call.tensors.push_back({.name = std::string(tensor_names[i]),
                            .dtype = &dtype_of(tensor, contract.format),
                            .shape = dimensions(tensor, contract, shape),
                            .begin = offsets[i],
                            .end = offsets[i] + bytes[i]});
  }
}

bool is_shared(const Header& answer) { return answer.said("shared_memory") == "1"; }

Outcome judge(const Header& answer, const Contract& contract, const Shape& shape, std::optional<std::size_t> place) {
  const auto failed = [](std::string detail) { return Outcome{Outcome::Kind::failed, std::move(detail)}; };
  const auto reason = [&](const char* key) { return printable(answer.said(key), most_reason); };
  if (answer.metadata.contains("unsupported")) {
    return {Outcome::Kind::unsupported, "declares this contract, but answers: unsupported: " + reason("unsupported")};
  }
  if (answer.metadata.contains("error")) return failed("answers with an error: " + reason("error"));
  const Entry* result = answer.find("result");
  if (result == nullptr) return failed("answers without a tensor 'result'");
  if (answer.tensors.size() != 1) {
    return failed(fmt::format("answers with {} tensors where 'result' alone is due", answer.tensors.size()));
  }
  const DType& dtype = safetensors::dtype_of(contract.format);
  if (result->dtype != &dtype) {
    return failed(fmt::format("answers with values of type {} where {} is due", result->dtype->name, dtype.name));
  }
  if (const std::vector<std::size_t> due = dimensions(Tensor::result, contract, shape); result->shape != due) {
    return failed(printable("answers in the shape " + shown(result->shape) + " where " + shown(due) + " is due", 300));
  }
  if (is_shared(answer) && result->begin != place) {
    return failed(
        place ? fmt::format("answers with a result at {} of the shared file where {} is due", result->begin, *place)
              : "answers in shared memory though the call was not");
  }
  return {};
}

}  // namespace lossaudit::pipe
