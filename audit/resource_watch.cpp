#include "audit/resource_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string_view>

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

/// A small file of the system's; "" when its process has gone meanwhile, at which a stream would throw.
std::string text_of(const fs::path& path) {
  std::array<char, 4096> text;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::uint64_t page() {
  static const auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

/// The number behind `key` in a text of lines "key: number", or 0.
std::uint64_t number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return 0;
  std::uint64_t value = 0;
  std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  return value;
}

struct Taken {
  std::uint64_t memory = 0, written = 0, removed = 0;
};

/// Adds what the process has taken, if it is of the group.
void add(const fs::path& process, pid_t group, Taken& taken) {
  // The second field is the program's name, in parentheses that the name may have too. Then, counted from 3 (proc(5)):
  // the group is field 5, the resident pages are field 24.
  const std::string stat = text_of(process / "stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  std::uint64_t pages = 0;
  for (int i = 3; i <= 24 && fields >> field; ++i) {
    if (i == 5 && field != std::to_string(group)) return;
    if (i == 24) std::from_chars(field.data(), field.data() + field.size(), pages);
  }
  taken.memory += pages * page();
  const std::string io = text_of(process / "io");
  taken.written += number_after(io, "\nwrite_bytes: ");
  taken.removed += number_after(io, "\ncancelled_write_bytes: ");
}

/// In GiB, rounded up.
std::string shown(std::uint64_t bytes) {
  constexpr double hundredth = (1 << 30) / 100.0;
  return fmt::format("{:g} GiB", std::ceil(static_cast<double>(bytes) / hundredth) / 100);
}

}  // namespace

std::uint64_t ResourceLimits::half_of_memory() {
  static const std::uint64_t half = [] {
    std::uint64_t whole = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page();
    // A container's own limit, under either version of control groups; "max" is none.
    for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
      if (const std::uint64_t limit = number_after("\n" + text_of(path), "\n"); limit != 0)
        whole = std::min(whole, limit);
    }
    return whole / 2;
  }();
  return half;
}

ResourceWatch::ResourceWatch(const ResourceLimits& limits) : limits_(limits), common_(0) {
  Taken own;
  add("/proc/self", getpgrp(), own);
  common_ = own.memory;
}

std::string ResourceWatch::excess(pid_t group) const {
  Taken taken;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const char first = entry->path().filename().native().front();
    if (first >= '1' && first <= '9') add(entry->path(), group, taken);
  }
  if (taken.memory > common_ + limits_.memory) {
    return "took " + shown(taken.memory - common_) + " of memory where " + shown(limits_.memory) + " are allowed";
  }
  if (taken.written > taken.removed && taken.written - taken.removed > limits_.written) {
    return "wrote " + shown(taken.written - taken.removed) + " to files where " + shown(limits_.written) +
           " are allowed";
  }
  return "";
}

std::string ResourceWatch::excess_told_by(int signal) const {
  return signal == SIGXFSZ ? "wrote more than " + shown(limits_.file) + " to one file" : "";
}

void ResourceWatch::impose() const {
  rlimit size{};
  if (getrlimit(RLIMIT_FSIZE, &size) != 0) return;
  size.rlim_cur = size.rlim_max = std::min<rlim_t>(size.rlim_max, limits_.file);
  setrlimit(RLIMIT_FSIZE, &size);
}

}  // namespace lossaudit
