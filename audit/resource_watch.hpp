// What a stranger's processes may take of the machine, and a look at what they have taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace lossaudit {

struct ResourceLimits {
  /// Bytes of memory that are resident in all its processes together. By default half of what this machine, or this
  /// container, has.
  std::uint64_t memory = half_of_memory();
  std::uint64_t file = std::uint64_t{4} << 30;     ///< bytes in any one file that it writes
  std::uint64_t written = std::uint64_t{8} << 30;  ///< bytes that it adds to the disk; files in memory do not count

  static std::uint64_t half_of_memory();
};

/// Looks at the processes of a group, as Linux's /proc shows them.
class ResourceWatch {
 public:
  /// To be made right before the fork: what the child has in common with its parent is no theft.
  explicit ResourceWatch(const ResourceLimits& limits);
  /// What the processes of this group have exceeded, as "took 9.1 GiB of memory where 8 GiB are allowed"; or "".
  [[nodiscard]] std::string excess(pid_t group) const;
  /// The same of a process that a limit of the system's ended by this signal.
  [[nodiscard]] std::string excess_told_by(int signal) const;

  /// In the child: the limits that the system keeps itself.
  void impose() const;

 private:
  ResourceLimits limits_;
  std::uint64_t common_;  ///< bytes of memory
};

}  // namespace lossaudit
