// Where an audit is, kept in a file so that it can go on after it was stopped, or killed.
//
// Inputs are not kept: a batch is named by the generator, round and index that made it, and made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/trial.hpp"

namespace lossaudit {

/// How far an audit is.
struct Position {
  std::uint64_t round = 0;
  std::uint64_t next = 0;            ///< the first task of the round that is not done
  double seconds = 0;                ///< that measuring has taken
  std::vector<std::uint64_t> hangs;  ///< under how many contracts each subject hung
};

/// A trial with what names it: "SUBJECT: CONTRACT".
struct NamedTrial {
  std::string name;
  Trial* trial;
};

/// The batch that `origin` names among those of a contract, or null when there is none.
using MakeBatch = std::function<std::shared_ptr<const Batch>(const Contract& contract, const std::string& origin)>;

/// Throws BadInput naming what is not as it was then; `what` was it that left the file: "audit".
void check_same_request(const std::filesystem::path& path, const std::map<std::string, std::string>& then,
                        const std::map<std::string, std::string>& now, std::string_view what);

/// Writes the file as save_text() does. `request`: what must be the same when the audit goes on, by name.
void save_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                     const Position& position, const std::vector<NamedTrial>& trials);

/// Reads what save_checkpoint() wrote into trials that have seen nothing. Throws BadInput in one line when the file is
/// none of ours, or was left by an audit of another request: it names what differs.
Position load_checkpoint(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                         const std::vector<NamedTrial>& trials, const MakeBatch& make_batch);

}  // namespace lossaudit
