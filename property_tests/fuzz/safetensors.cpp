// The safetensors reader: what it accepts, it writes and reads again alike.
#include "audit/safetensors.hpp"

#include <span>

#include "property_tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  fuzz::refuses_in_a_line([&] {
    const safetensors::Header header = safetensors::parse_blob(std::as_bytes(std::span(data, size)));
    for (const safetensors::Entry& entry : header.tensors) fuzz::require(entry.end <= size);
    const std::string text = safetensors::to_text(header);
    const safetensors::Header again =
        safetensors::parse_header(std::string_view(text).substr(safetensors::length_bytes));
    fuzz::require(again.metadata == header.metadata && again.tensors.size() == header.tensors.size());
  });
  return 0;
}
