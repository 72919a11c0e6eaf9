// One file of test vectors, and the answer to it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "audit/subject.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// No file of vectors, and no answer, is larger than this.
inline constexpr std::uintmax_t largest_vector_file = std::uintmax_t{1} << 30;

/// The blob of a batch. Beside the tensors of a call it holds, of the result's shape:
///   exact         the exact result rounded to nearest, in the contract's format
///   exact_offset  F64: (exact result − `exact`) in ulps, to within 2^-20
///   exact_ulp     F64: one ulp at the exact result
///   due           U8: 0 a number, 1 an infinity, 2 a NaN; 4 more where it is recommended and not required
std::string to_vector_file(const Contract& contract, const Batch& batch, std::span<const Expected> exact);

struct Vector {
  Contract contract;
  Batch batch;
};
/// The inputs in a blob that to_vector_file() wrote. Throws BadInput in one line that does not name the file.
Vector parse_vector_file(std::span<const std::byte> blob);

/// The answer in a blob: `computed`, with the results in their places; or why it is none.
Outcome parse_answer(std::span<const std::byte> blob, const Contract& contract, const Shape& shape,
                     std::span<double> results);

/// A file of at most largest_vector_file bytes. Throws BadInput naming it.
std::vector<std::byte> read_bytes(const std::filesystem::path& path);

}  // namespace lossaudit
