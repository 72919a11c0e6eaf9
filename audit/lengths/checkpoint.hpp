// Where a run over lengths is, kept in a file so that it can go on after it was stopped, or killed.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "audit/lengths/betrayal.hpp"

namespace lossaudit {

/// How far one subject's contract is. Inputs depend on the seed, the contract and the length alone, so nothing else is
/// needed to go on.
struct CurveState {
  std::map<std::string, std::string> same_bits;
  std::vector<LengthErrors> lengths;  ///< those that are done, in order
  double growing = -1;                ///< the part of sums of growing terms that is right; -1: there are none
  std::string ended;                  ///< why there are no more lengths, where that is the subject's doing
  bool done = false;
};

/// By "SUBJECT: CONTRACT".
using CurveStates = std::map<std::string, CurveState>;

/// Writes the file as save_text() does. `request`: what must be the same when the run goes on, by name.
void save_curves(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                 const CurveStates& states);

/// Reads what save_curves() wrote. Throws BadInput in one line when the file is none of ours, was left by a run of another
/// request (it names what differs), or holds other lengths than `lengths`.
CurveStates load_curves(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                        const std::vector<std::uint64_t>& lengths);

}  // namespace lossaudit
