// What a pipe subject says: its introduction with the contract lines, and its answer to a call.
#include <span>

#include "audit/contract_lines.hpp"
#include "audit/pipe_message.hpp"
#include "property_tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  static const Contract contract = parse_contract("softmax exact f32 forward axis");
  static const Shape shape{2, 3, 2};
  const auto header = [&] { return safetensors::parse_blob(std::as_bytes(std::span(data, size))); };
  fuzz::refuses_in_a_line([&] {
    const pipe::Introduction introduction = pipe::read_introduction(header());
    for (const char c : introduction.name + introduction.version) fuzz::require(c >= ' ' && c != 127);
    const DeclaredContracts declared("it", introduction.lines);
    const bool covered = declared.cover(contract);
    for (const char c : declared.note(contract)) fuzz::require(covered && c >= ' ' && c != 127);
  });
  fuzz::refuses_in_a_line([&] {
    for (const std::optional<std::size_t> place : {std::optional<std::size_t>(), std::optional<std::size_t>(4096)}) {
      const Outcome outcome = pipe::judge(header(), contract, shape, place);
      for (const char c : outcome.detail) fuzz::require(c >= ' ' && c != 127);
      // What counts as computed fits into the place that is ready for it.
      if (outcome.kind != Outcome::Kind::computed) continue;
      fuzz::require(header().find("result")->bytes() == shape.elements() * 4);
    }
  });
  return 0;
}
