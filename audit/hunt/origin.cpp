#include "audit/hunt/origin.hpp"

#include <fmt/format.h>

#include <utility>

#include "audit/case.hpp"

namespace lossaudit {

std::string hunted_origin(const Contract& contract, std::uint64_t index, std::uint64_t step, const Batch& batch) {
  return fmt::format("{}{}/{}/{}", hunt_origin, index, step, to_case_text(contract, batch));
}

std::shared_ptr<const Batch> hunted_batch(const Contract& contract, const std::string& origin) {
  // The case follows the third slash.
  std::size_t begin = 0;
  for (int i = 0; i < 3 && begin != std::string::npos; ++i) begin = origin.find('/', i == 0 ? 0 : begin + 1);
  if (!origin.starts_with(hunt_origin) || begin == std::string::npos) return nullptr;
  try {
    auto batch = std::make_shared<Batch>(parse_case(contract, std::string_view(origin).substr(begin + 1)));
    batch->origin = origin;
    return batch;
  } catch (const BadInput&) {
    return nullptr;
  }
}

}  // namespace lossaudit
