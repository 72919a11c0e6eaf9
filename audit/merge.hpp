// Shards into one: run records that hold parts of one audit (shard.hpp) make the record of all those parts.
//
// However the parts were distributed over records, and in whatever order records are merged, the same parts give the same
// record, and all n of them the record of the audit in one run, field for field but for
// - `command`, which lacks the options --shard, -o and --resume, and `started`, the earliest;
// - `seconds` of sweeps and hunts, which are added up, and `machine`, where what differs is listed, sorted;
// - contracts under which a subject crashed, hung or gave up: each shard tries on until it has seen that often enough
//   itself, so that more is tried than in one run. What it did first is shown, as in one run;
// - how far witnesses are reduced, where one run had no time left for all of them; and the folder that long cases lie in.
#pragma once

#include <string>
#include <vector>

#include "audit/record.hpp"

namespace lossaudit {

struct NamedRecord {
  std::string name;  ///< of its file
  RunRecord record;
};

/// Records of parts of the same audit, at least one. Throws BadInput, in a line that names the record and the remedy, when
/// one holds no parts, or parts that another holds too, or is of other subjects, another seed, or any other option; and
/// when what it holds is damaged.
RunRecord merge(const std::vector<NamedRecord>& records);

}  // namespace lossaudit
