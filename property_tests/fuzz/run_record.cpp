// The reader of run records: what it accepts, it writes and reads again alike.
#include <nlohmann/json.hpp>

#include "audit/record.hpp"
#include "property_tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  fuzz::refuses_in_a_line([&] {
    const nlohmann::json json = parse_json(fuzz::text_of(data, size), "record", "a run record");
    const nlohmann::json once = to_json(parse_record(json, "record"));
    fuzz::require(to_json(parse_record(once, "again")) == once);
  });
  return 0;
}
