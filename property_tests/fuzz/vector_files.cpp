// The files of test vectors, and the answers to them.
#include <span>

#include "audit/vector_file.hpp"
#include "property_tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  const std::span<const std::byte> blob = std::as_bytes(std::span(data, size));
  fuzz::refuses_in_a_line([&] {
    const Vector vector = parse_vector_file(blob);
    fuzz::require(vector.batch.output.size() * 2 <= size);
  });
  static const Contract contract = parse_contract("sigmoid exact f32 forward");
  std::vector<double> results(3);
  const Outcome outcome = parse_answer(blob, contract, {1, 3, 1}, results);
  for (const char c : outcome.detail) fuzz::require(c >= ' ' && c != 127);
  return 0;
}
