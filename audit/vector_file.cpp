#include "audit/vector_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "audit/case.hpp"
#include "audit/marshal.hpp"
#include "audit/pipe_message.hpp"
#include "audit/safetensors.hpp"

namespace lossaudit {
namespace {

using safetensors::Header;

constexpr std::uint8_t recommended = 4;

std::uint8_t due_of(const Expected& exact) {
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(exact.kind) + (exact.recommended ? recommended : 0));
}

std::vector<double> decoded(Format format, std::span<const std::byte> bytes) {
  std::vector<double> values(bytes.size() / static_cast<std::size_t>(traits(format).bytes));
  load_values(format, bytes.data(), values);
  return values;
}

/// "2x3x1", as the case texts have it.
Shape parse_shape(std::string_view text) {
  Shape shape;
  char end = 0;
  if (std::sscanf(std::string(text).c_str(), "%zux%zux%zu%c", &shape.outer, &shape.classes, &shape.inner, &end) != 3) {
    throw BadInput("its metadata has no 'shape' like 2x3x1");
  }
  return shape;
}

}  // namespace

std::string to_vector_file(const Contract& contract, const Batch& batch, std::span<const Expected> exact) {
  using safetensors::dtype_named, safetensors::values_of;
  const std::vector<std::size_t> dimensions = pipe::dimensions(Tensor::result, contract, batch.shape);
  Header header;
  // Eight bytes a value first, so that every tensor is aligned.
  header.append("exact_offset", *dtype_named("F64"), dimensions);
  header.append("exact_ulp", *dtype_named("F64"), dimensions);
  const BatchCall tensors(contract, batch, {});
  const TensorBytes& bytes = tensors.bytes();
  Header call = pipe::call(contract, batch.shape, 0);
  header.metadata = std::move(call.metadata);
  header.metadata.erase("line");  // of a subject's declaration: there is none
  header.metadata["lossaudit"] = "vector";
  header.metadata["origin"] = batch.origin;
  header.metadata["shape"] = fmt::format("{}x{}x{}", batch.shape.outer, batch.shape.classes, batch.shape.inner);
  pipe::append_tensors(header, contract, batch.shape, bytes);
  header.append("exact", safetensors::dtype_of(contract.format), dimensions);
  header.append("due", *dtype_named("U8"), dimensions);

  std::string blob = safetensors::to_blob(header);
  // The exact results are stored in the place of a subject's: as a batch whose output they are.
  TensorPlaces places{};
  std::string unwritten(bytes[static_cast<std::size_t>(Tensor::result)], '\0');
  for (std::size_t i = 0; i < tensor_count; ++i) {
    if (const auto* entry = header.find(tensor_names[i])) places[i] = values_of(blob, *entry).data();
  }
  places[static_cast<std::size_t>(Tensor::result)] = reinterpret_cast<std::byte*>(unwritten.data());
  tensors.store(places);
  std::vector<double> rounded;
  std::vector<std::uint8_t> due;
  std::vector<double> offset, ulp;
  for (const Expected& each : exact) {
    rounded.push_back(each.rounded);
    offset.push_back(each.offset);
    ulp.push_back(std::ldexp(1.0, each.ulp_exponent));
    due.push_back(due_of(each));
  }
  const auto put = [&](const char* name, const void* from) {
    const std::span<std::byte> place = values_of(blob, *header.find(name));
    std::memcpy(place.data(), from, place.size());
  };
  store_values(contract.format, rounded, values_of(blob, *header.find("exact")).data());
  put("exact_offset", offset.data());
  put("exact_ulp", ulp.data());
  put("due", due.data());
  return blob;
}

Vector parse_vector_file(std::span<const std::byte> blob) {
  const Header header = safetensors::parse_blob(blob);
  if (header.said("lossaudit") != "vector") throw BadInput("it is no file of lossaudit's test vectors");
  Vector vector;
  vector.contract = parse_contract(header.said("contract"));
  vector.batch.origin = header.said("origin");
  vector.batch.shape = parse_shape(header.said("shape"));
  const auto values = [&](const char* name, const safetensors::DType& dtype) -> std::span<const std::byte> {
    const safetensors::Entry* entry = header.find(name);
    if (entry == nullptr) return {};
    if (entry->dtype != &dtype) throw BadInput(fmt::format("its tensor '{}' is not {}", name, dtype.name));
    return safetensors::values_of(blob, *entry);
  };
  const auto numbers = [&](const char* name) {
    return decoded(vector.contract.format, values(name, safetensors::dtype_of(vector.contract.format)));
  };
  vector.batch.output = numbers("output");
  vector.batch.target = numbers("target");
  vector.batch.class_weights = numbers("class_weights");
  vector.batch.sample_weights = numbers("sample_weights");
  vector.batch.upstream = numbers("upstream");
  const std::span<const std::byte> labels = values("labels", safetensors::dtype_of_labels());
  vector.batch.labels.resize(labels.size() / sizeof(std::int64_t));
  if (!labels.empty()) std::memcpy(vector.batch.labels.data(), labels.data(), labels.size());
  validate(vector.contract);
  validate(vector.contract, vector.batch);
  return vector;
}

Outcome parse_answer(std::span<const std::byte> blob, const Contract& contract, const Shape& shape,
                     std::span<double> results) {
  try {
    const Header header = safetensors::parse_blob(blob);
    Outcome outcome = pipe::judge(header, contract, shape, std::nullopt);
    if (outcome.kind == Outcome::Kind::computed) {
      load_values(contract.format, safetensors::values_of(blob, *header.find("result")).data(), results);
    }
    return outcome;
  } catch (const BadInput& error) {
    return {Outcome::Kind::failed, error.what()};
  }
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw BadInput(path.string() + ": cannot be read: " + error.message());
  if (size > largest_vector_file) {
    throw BadInput(fmt::format("{}: {} bytes, and the largest is {}", path.string(), size, largest_vector_file));
  }
  std::vector<std::byte> bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    throw BadInput(path.string() + ": cannot be read whole");
  }
  return bytes;
}

}  // namespace lossaudit
