#include "audit/shard.hpp"

#include <fmt/format.h>

#include <charconv>

#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

Shard parse_shard(std::string_view text) {
  std::uint64_t index = 0;
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [slash, not_index] = std::from_chars(text.data(), end, index);
  const bool divided = not_index == std::errc() && slash != end && *slash == '/';
  const auto [rest, not_count] = std::from_chars(divided ? slash + 1 : end, end, count);
  if (!divided || not_count != std::errc() || rest != end || index < 1 || index > count || count > most_shards) {
    throw BadInput(
        fmt::format("--shard '{}': expected i/n with 1 <= i <= n <= {}, as in 3/8", printable(text, 40), most_shards));
  }
  return {index - 1, count};
}

std::string to_string(const Shard& shard) { return fmt::format("{}/{}", shard.index + 1, shard.count); }

}  // namespace lossaudit
