#include "audit/json_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

std::string reason() { return std::error_code(errno, std::generic_category()).message(); }

std::string read_file(const std::filesystem::path& path, const std::string& kind) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::is_directory(path, error) ? 0 : std::filesystem::file_size(path, error);
  if (error) throw BadInput(path.string() + ": cannot be read: " + error.message());
  if (size > largest_json_bytes) {
    throw BadInput(path.string() + ": not " + kind + ": " + std::to_string(size) + " bytes, and the largest is " +
                   std::to_string(largest_json_bytes));
  }
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size)) || std::filesystem::is_directory(path)) {
    throw BadInput(path.string() + ": cannot be read: name the run.json that an audit left");
  }
  return text;
}

/// The library's reason without its prefix and without the text around the fault, which may be of any length.
std::string json_fault(const json::exception& error) {
  std::string_view fault = error.what();
  fault = fault.substr(0, fault.find("; last read"));
  if (const std::size_t prefix = fault.find(" - "); prefix != std::string_view::npos) fault.remove_prefix(prefix + 3);
  return printable(fault, 120);
}

}  // namespace

nlohmann::json load_json(const std::filesystem::path& path, const std::string& kind) {
  return parse_json(read_file(path, kind), path.string(), kind);
}

nlohmann::json parse_json(std::string_view text, const std::string& where, const std::string& kind) {
  const std::string refusal = where + ": not " + kind + ": ";
  // A record is six levels deep; brackets upon brackets would take a hundred times their size in memory.
  const auto shallow = [&refusal](int depth, json::parse_event_t, const json&) {
    if (depth <= 16) return true;
    throw BadInput(refusal + "nested deeper than any is");
  };
  try {
    return json::parse(text, shallow);
  } catch (const json::parse_error& error) {
    throw BadInput(refusal + "malformed JSON at byte " + std::to_string(error.byte) + ": " + json_fault(error));
  } catch (const json::exception& error) {
    throw BadInput(refusal + json_fault(error));
  }
}

void save_text(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path beside = path.string() + ".part-" + std::to_string(getpid());
  const auto fail = [&](const std::string& why) {
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    throw BadInput(path.string() + ": cannot be written: " + why);
  };
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  if (!file) fail(reason());
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(reason());
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error) fail(error.message());
}

}  // namespace lossaudit
