// What a certification has shown so far: a file that it goes on from, and that others can be joined with.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reference/certify.hpp"

namespace lossaudit {

/// One claim's state.
struct ClaimState {
  std::vector<bool> done;  ///< a flag a block
  Certified found;         ///< over the blocks that are done
};

struct Certificate {
  std::string revision;  ///< of the program: another one's bounds may be others
  Judge judge = Judge::pairs;
  std::map<std::string, ClaimState> claims;  ///< by the claim's name
};

inline constexpr const char* certificate_schema = "lossaudit-certificate/1";

/// Throws BadInput naming the file and what is wrong with it.
Certificate load_certificate(const std::filesystem::path& path);
/// Never leaves half a file.
void save_certificate(const Certificate& certificate, const std::filesystem::path& path);

/// Adds what another file has; throws BadInput when the two are of different revisions or judges, or share a block.
void join(Certificate& certificate, const Certificate& other, const std::filesystem::path& path);

}  // namespace lossaudit
