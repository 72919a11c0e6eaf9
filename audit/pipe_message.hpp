// The messages between the audit and a program that computes (adapters/protocol.md): what stands in them. How they
// travel is pipe_subject's business.
//
// Each is a safetensors blob. What the program says is not to be believed before it is checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/marshal.hpp"
#include "audit/safetensors.hpp"

namespace lossaudit::pipe {

inline constexpr std::string_view protocol = "1";  ///< the version that both sides must speak

/// The first message: the protocol's version, and the path of a file that tensors may be shared in.
safetensors::Header hello(const std::string& shared_memory);

/// What a program answers to it.
struct Introduction {
  std::string name, version;       ///< made printable
  std::vector<std::string> lines;  ///< its contract lines, as they came
  bool shares_memory = false;      ///< it has opened the file and wants the tensors there
};
/// Throws BadInput that says what is missing and the remedy.
Introduction read_introduction(const safetensors::Header& header);

/// The dimensions of a call's tensor. Classes are dimension 1: tensors are (outer, classes), or (outer, classes, inner)
/// under the option axis; one without classes lacks that dimension. Elementwise functions see one dimension. What is
/// reduced to one value has none.
std::vector<std::size_t> dimensions(Tensor tensor, const Contract& contract, const Shape& shape);

/// A call without its tensors. `line`: the index of the contract line that covers it.
safetensors::Header call(const Contract& contract, const Shape& shape, std::size_t line);
/// Adds the input tensors that are present, as they follow one another behind the header, each aligned.
void append_tensors(safetensors::Header& call, const Contract& contract, const Shape& shape, const TensorBytes& bytes);
/// Adds the present tensors, the result's place among them, as they lie in the shared file from these offsets.
void append_shared(safetensors::Header& call, const Contract& contract, const Shape& shape, const TensorBytes& bytes,
                   const TensorBytes& offsets);

/// An answer's header, judged: `computed` when it has the result that is due and nothing else, in its type and shape.
/// `place`: where the result is due in the shared file, if the tensors are shared.
Outcome judge(const safetensors::Header& answer, const Contract& contract, const Shape& shape,
              std::optional<std::size_t> place);
/// The answer's result is in the shared file, so that nothing follows its header.
bool is_shared(const safetensors::Header& answer);

}  // namespace lossaudit::pipe
