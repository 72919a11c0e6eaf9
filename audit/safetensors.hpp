// safetensors: tensors under a JSON header, in one blob (the format of https://huggingface.co/docs/safetensors).
//
//   8 bytes  N, little-endian
//   N bytes  {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}, blanks
//   the rest values, little-endian, row-major, without holes; data_offsets count from here
//
// What is read comes from strangers: nothing of it is believed before it is checked, and memory is taken for no more
// than the header's own length, which is limited.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::safetensors {

inline constexpr std::size_t length_bytes = 8;
inline constexpr std::size_t max_header = std::size_t{1} << 20;  ///< bytes; the format itself allows 100 MB
inline constexpr std::size_t max_rank = 16;

/// A type of values; the names are the format's.
struct DType {
  std::string_view name;
  std::size_t bytes;  ///< of one value
};

/// The type that a name of the format means, or null.
const DType* dtype_named(std::string_view name);
/// The type of a number format's values, and the one of labels.
const DType& dtype_of(Format format);
const DType& dtype_of_labels();

/// One tensor as the header tells it.
struct Entry {
  std::string name;
  const DType* dtype = nullptr;
  std::vector<std::size_t> shape;
  std::size_t begin = 0, end = 0;  ///< bytes, from where the header ends

  [[nodiscard]] std::size_t bytes() const { return end - begin; }
};

struct Header {
  std::map<std::string, std::string> metadata;
  std::vector<Entry> tensors;

  /// The tensor of that name, or null.
  [[nodiscard]] const Entry* find(std::string_view name) const;
  /// The metadata's value, or "".
  [[nodiscard]] std::string_view said(const std::string& key) const;
  /// Adds a tensor whose values lie right behind those of the tensors before it. The values' types in the order of their
  /// size, the largest first, leave every tensor aligned.
  Entry& append(std::string_view name, const DType& dtype, std::vector<std::size_t> shape);
};

/// The header's length in bytes, as the first eight bytes tell it. Throws BadInput when it is over max_header or too
/// short for any.
std::size_t header_length(std::span<const std::byte, length_bytes> bytes);

/// Reads a header. Each tensor's data_offsets are as far apart as its type and shape need; where they lie is the
/// caller's to check. Throws BadInput, in one line of printable text, on everything that is not the format: other JSON,
/// unknown fields, names or keys that occur twice, sizes beyond 2^63.
Header parse_header(std::string_view json);

/// How many bytes of values follow the header. Throws BadInput unless the tensors fill them without overlap or hole.
std::size_t packed_size(const Header& header);

/// Reads a whole blob's header, and checks that the values it tells of are there and nothing else is. The values start
/// at length_bytes + header_length(blob).
Header parse_blob(std::span<const std::byte> blob);

/// Where a blob's tensor lies, once parse_blob has read the blob or to_blob has written it.
std::span<const std::byte> values_of(std::span<const std::byte> blob, const Entry& entry);
std::span<std::byte> values_of(std::string& blob, const Entry& entry);

/// A whole blob whose values are still zero; values_of says where they go. Throws BadInput where packed_size does.
std::string to_blob(const Header& header);

/// The length and the header as they are written, blanks added so that the values start at a multiple of 8.
std::string to_text(const Header& header);

}  // namespace lossaudit::safetensors
