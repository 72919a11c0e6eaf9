#include "audit/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "audit/text.hpp"

namespace lossaudit::safetensors {
namespace {

constexpr std::array<DType, 15> dtypes = {{{"F64", 8},
                                           {"F32", 4},
                                           {"F16", 2},
                                           {"BF16", 2},
                                           {"I64", 8},
                                           {"I32", 4},
                                           {"I16", 2},
                                           {"I8", 1},
                                           {"U64", 8},
                                           {"U32", 4},
                                           {"U16", 2},
                                           {"U8", 1},
                                           {"BOOL", 1},
                                           {"F8_E4M3", 1},
                                           {"F8_E5M2", 1}}};
constexpr std::string_view metadata_key = "__metadata__";
constexpr std::size_t largest_size = INT64_MAX;

std::string in_quotes(std::string_view text) { return "'" + printable(text, 40) + "'"; }

/// Reads the one shape of JSON that a header has, event by event; nothing is built that the shape does not hold.
class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Header header;
  std::string error;

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::before) return enter(Place::names);
    if (place_ != Place::value_of_name) return refuse("an object where none is due");
    if (name_ == metadata_key) return enter(Place::metadata);
    header.tensors.push_back({.name = name_, .dtype = nullptr, .shape = {}, .begin = 0, .end = 0});
    fields_.clear();
    return enter(Place::fields);
  }

  bool key(string_t& text) override {
    if (place_ == Place::names) {
      if (!names_.insert(text).second) return refuse("the name " + in_quotes(text) + " twice");
      name_ = text;
      return enter(Place::value_of_name);
    }
    key_ = text;
    if (place_ == Place::metadata) {
      if (header.metadata.contains(key_)) return refuse("the key " + in_quotes(text) + " twice in " + in_quotes(name_));
      return enter(Place::value_of_key);
    }
    if (!fields_.insert(text).second) return refuse("the field " + in_quotes(text) + " twice in " + in_quotes(name_));
    if (text == "dtype") return enter(Place::dtype);
    if (text == "shape") return enter(Place::before_shape);
    if (text == "data_offsets") return enter(Place::before_offsets);
    return refuse("an unknown field " + in_quotes(text) + " in " + in_quotes(name_));
  }

  bool string(string_t& text) override {
    if (place_ == Place::value_of_key) {
      header.metadata.emplace(key_, text);
      return enter(Place::metadata);
    }
    if (place_ != Place::dtype) return refuse("a text where none is due");
    header.tensors.back().dtype = dtype_named(text);
    if (header.tensors.back().dtype == nullptr) return refuse("the unknown dtype " + in_quotes(text));
    return enter(Place::fields);
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ != Place::before_shape && place_ != Place::before_offsets) return refuse("a list where none is due");
    numbers_.clear();
    return enter(place_ == Place::before_shape ? Place::shape : Place::offsets);
  }

  bool number_unsigned(number_unsigned_t number) override {
    if (place_ != Place::shape && place_ != Place::offsets) return refuse("a number where none is due");
    if (number > largest_size) return refuse("a size beyond 2^63 in " + in_quotes(name_));
    if (numbers_.size() == max_rank)
      return refuse("over " + std::to_string(max_rank) + " sizes in " + in_quotes(name_));
    numbers_.push_back(number);
    return true;
  }

  bool end_array() override {
    Entry& entry = header.tensors.back();
    if (place_ == Place::shape) {
      entry.shape = numbers_;
    } else {
      if (numbers_.size() != 2) return refuse("data_offsets of " + in_quotes(name_) + " that are not two");
      entry.begin = numbers_[0];
      entry.end = numbers_[1];
    }
    return enter(Place::fields);
  }

  bool end_object() override {
    if (place_ == Place::names) return enter(Place::after);
    return (place_ != Place::fields || check_entry()) && enter(Place::names);
  }

  bool number_integer(number_integer_t /*number*/) override { return refuse("a negative size in " + in_quotes(name_)); }
  bool number_float(number_float_t /*number*/, const string_t& /*text*/) override {
    return refuse("a size in " + in_quotes(name_) + " that is no whole number below 2^63");
  }
  bool null() override { return refuse("null where a value is due"); }
  bool boolean(bool /*value*/) override { return refuse("true or false where none is due"); }
  bool binary(binary_t& /*value*/) override { return refuse("what is no JSON"); }
  bool parse_error(std::size_t at, const std::string& /*token*/, const nlohmann::detail::exception& /*why*/) override {
    return refuse("what is no JSON at its byte " + std::to_string(at));
  }

 private:
  enum class Place {
    before,
    names,
    value_of_name,
    metadata,
    value_of_key,
    fields,
    dtype,
    before_shape,
    shape,
    before_offsets,
    offsets,
    after
  };

  bool enter(Place place) {
    place_ = place;
    return true;
  }

  bool refuse(const std::string& what) {
    error = "its safetensors header has " + what;
    return false;
  }

  bool check_entry() {
    const Entry& entry = header.tensors.back();
    if (fields_.size() != 3) return refuse("no dtype, shape or data_offsets in " + in_quotes(name_));
    std::size_t bytes = entry.dtype->bytes;
    for (const std::size_t size : entry.shape) {
      if (__builtin_mul_overflow(bytes, size, &bytes) || bytes > largest_size) {
        return refuse("a size beyond 2^63 in " + in_quotes(name_));
      }
    }
    if (entry.begin > entry.end || entry.bytes() != bytes) {
      return refuse("data_offsets of " + in_quotes(name_) + " that are not as far apart as its " +
                    std::to_string(bytes) + " bytes");
    }
    return true;
  }

  Place place_ = Place::before;
  std::string name_, key_;  ///< the tensor or metadata, and the key in it, that are being read
  std::set<std::string> names_, fields_;
  std::vector<std::size_t> numbers_;
};

std::uint64_t little_endian(std::span<const std::byte, length_bytes> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[i]) << 8 * i;
  return value;
}

}  // namespace

const DType* dtype_named(std::string_view name) {
  const auto* const found = std::ranges::find(dtypes, name, &DType::name);
  return found == dtypes.end() ? nullptr : found;
}

const DType& dtype_of(Format format) {
  constexpr std::array<std::string_view, 4> names = {"F64", "F32", "F16", "BF16"};
  return *dtype_named(names[static_cast<std::size_t>(format)]);
}

const DType& dtype_of_labels() { return *dtype_named("I64"); }

const Entry* Header::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &Entry::name);
  return found == tensors.end() ? nullptr : &*found;
}

std::string_view Header::said(const std::string& key) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view() : found->second;
}

Entry& Header::append(std::string_view name, const DType& dtype, std::vector<std::size_t> shape) {
  const std::size_t begin = tensors.empty() ? 0 : tensors.back().end;
  std::size_t bytes = dtype.bytes;
  for (const std::size_t size : shape) bytes *= size;
  tensors.push_back({std::string(name), &dtype, std::move(shape), begin, begin + bytes});
  return tensors.back();
}

std::size_t header_length(std::span<const std::byte, length_bytes> bytes) {
  const std::uint64_t length = little_endian(bytes);
  if (length > max_header) {
    throw BadInput("its first 8 bytes tell of a header of " + std::to_string(length) + " bytes, where at most " +
                   std::to_string(max_header) + " are allowed");
  }
  if (length < 2) throw BadInput("its first 8 bytes tell of a header too short for any: write at least {}");
  return length;
}

Header parse_header(std::string_view json) {
  if (!json.starts_with('{')) throw BadInput("its safetensors header does not begin with {");
  // The parser takes a NUL for the end of the text.
  if (json.find('\0') != std::string_view::npos) throw BadInput("its safetensors header has a NUL byte");
  Reader reader;
  if (!nlohmann::json::sax_parse(json, &reader)) throw BadInput(reader.error);
  return std::move(reader.header);
}

std::size_t packed_size(const Header& header) {
  std::vector<const Entry*> in_order;
  for (const Entry& entry : header.tensors) in_order.push_back(&entry);
  std::ranges::sort(in_order, {}, [](const Entry* entry) { return std::pair(entry->begin, entry->end); });
  std::size_t end = 0;
  for (const Entry* entry : in_order) {
    if (entry->begin != end) {
      throw BadInput("its safetensors header has " + std::string(entry->begin < end ? "an overlap" : "a hole") +
                     " before the data of " + in_quotes(entry->name));
    }
    end = entry->end;
  }
  return end;
}

Header parse_blob(std::span<const std::byte> blob) {
  if (blob.size() < length_bytes) throw BadInput("it is shorter than the 8 bytes of a safetensors blob's length");
  const std::size_t length = header_length(blob.first<length_bytes>());
  blob = blob.subspan(length_bytes);
  if (length > blob.size()) throw BadInput("it ends within its safetensors header");
  const std::span<const std::byte> json = blob.first(length);
  Header header = parse_header({reinterpret_cast<const char*>(json.data()), json.size()});
  const std::size_t due = packed_size(header);
  if (const std::size_t there = blob.size() - length; there != due) {
    throw BadInput("its safetensors header tells of " + std::to_string(due) + " bytes of values where " +
                   std::to_string(there) + " follow");
  }
  return header;
}

std::span<const std::byte> values_of(std::span<const std::byte> blob, const Entry& entry) {
  return blob.subspan(length_bytes + header_length(blob.first<length_bytes>()) + entry.begin, entry.bytes());
}

std::span<std::byte> values_of(std::string& blob, const Entry& entry) {
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(blob));
  return bytes.subspan(length_bytes + header_length(bytes.first<length_bytes>()) + entry.begin, entry.bytes());
}

std::string to_blob(const Header& header) {
  std::string blob = to_text(header);
  blob.resize(blob.size() + packed_size(header));
  return blob;
}

std::string to_text(const Header& header) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!header.metadata.empty()) json[std::string(metadata_key)] = header.metadata;
  for (const Entry& entry : header.tensors) {
    json[entry.name] = {
        {"dtype", entry.dtype->name}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
  }
  std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  std::string blob;
  for (std::size_t i = 0; i < length_bytes; ++i) blob += static_cast<char>(text.size() >> 8 * i & 0xff);
  return blob + text;
}

}  // namespace lossaudit::safetensors
