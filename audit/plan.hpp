// What an audit tries: which contracts, for each function.
#pragma once

#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// What the user narrows an audit to. An empty list means all: of the passes, forward.
struct Filter {
  std::vector<Function> functions;
  std::vector<Dialect> dialects;
  std::vector<Format> formats;
  std::vector<Pass> passes;
  std::vector<Contract> contracts = {};  ///< where there are any, exactly these and nothing of the above
};

struct PlannedContract {
  Contract contract;
  double share = 1;  ///< how many inputs it gets, where a contract without options gets 1
};

/// The contracts that an audit tries, in the order of the tables of functions, dialects and formats; those of one
/// function, dialect, format and pass lie together, the one without options first.
std::vector<PlannedContract> plan(const Filter& filter);

}  // namespace lossaudit
