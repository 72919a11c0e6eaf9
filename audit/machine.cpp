#include "audit/machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <array>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>

#include "audit/revision.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

/// What follows `separator` on the first line of a file that starts with `key`, without quotes, or "".
std::string value_in(const char* path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) continue;
    std::string value = printable(line.substr(at + 1), 8000);
    std::erase(value, '"');
    return value;
  }
  return "";
}

std::string cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::to_string(CPU_COUNT(&set)) : "";
}

std::string memory() {
  const std::string text = value_in("/proc/meminfo", "MemTotal", ':');
  double kibibytes = 0;
  return std::istringstream(text) >> kibibytes ? fmt::format("{:.1f} GiB", kibibytes / (1 << 20)) : "";
}

std::string operating_system() {
  utsname names{};
  const std::string kernel =
      uname(&names) == 0 ? fmt::format("{} {} {}", names.sysname, names.release, names.machine) : "";
  const std::string distribution = value_in("/etc/os-release", "PRETTY_NAME", '=');
  return distribution.empty() ? kernel : kernel.empty() ? distribution : distribution + ", " + kernel;
}

std::string vector_extensions() {
  constexpr std::array<std::string_view, 8> known = {"sse4_2",  "avx",         "fma",         "avx2",
                                                     "avx512f", "avx512_bf16", "avx512_fp16", "asimd"};
  std::string flags = value_in("/proc/cpuinfo", "flags", ':');
  if (flags.empty()) flags = value_in("/proc/cpuinfo", "Features", ':');
  std::string found;
  std::istringstream words(flags);
  for (std::string word; words >> word;) {
    for (const std::string_view name : known) {
      if (word == name) found += (found.empty() ? "" : " ") + word;
    }
  }
  return found;
}

}  // namespace

std::map<std::string, std::string> this_machine() {
  std::map<std::string, std::string> machine = {
      {"cpu", value_in("/proc/cpuinfo", "model name", ':')},
      {"cores", cores()},
      {"memory", memory()},
      {"os", operating_system()},
#ifdef __clang__
      {"compiler", "clang " __clang_version__},
#else
      {"compiler", "gcc " __VERSION__},
#endif
      {"simd", vector_extensions()},
  };
  std::erase_if(machine, [](const auto& entry) { return entry.second.empty(); });
  return machine;
}

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

std::string tool_version() { return LOSSAUDIT_VERSION; }
std::string tool_revision() { return revision; }

}  // namespace lossaudit
