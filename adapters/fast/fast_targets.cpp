// This project's own kernels once for each instruction set that the machine can run, as subjects of their own: the
// built-in subject `fast` takes the best alone.
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "audit/fast_subject.hpp"
#include "audit/subject.h"
#include "fast/targets.hpp"

namespace {

using lossaudit::fast::targets;
using lossaudit::fast::use_target;

constexpr std::size_t most_targets = 8;

/// Each subject lives in a process of its own, where nobody else chooses.
template <std::size_t index>
int compute(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  static const bool chosen = [] {
    use_target(targets().at(index));
    return true;
  }();
  return chosen ? lossaudit::fast_subject().compute(contract, tensors) : LOSSAUDIT_FAILED;
}

template <std::size_t... index>
constexpr auto computes_of(std::index_sequence<index...> /*indices*/) {
  return std::array{compute<index>...};
}

struct Listed {
  std::vector<std::string> names;
  std::vector<lossaudit_subject> subjects;
};

Listed list_all() {
  constexpr auto computes = computes_of(std::make_index_sequence<most_targets>());
  Listed all;
  for (const std::string& target : targets()) {
    if (all.names.size() < most_targets) all.names.push_back("fast-" + target);
  }
  for (std::size_t i = 0; i < all.names.size(); ++i) {
    all.subjects.push_back(lossaudit::fast_subject());
    all.subjects.back().name = all.names[i].c_str();
    all.subjects.back().compute = computes[i];
  }
  return all;
}

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  static const Listed listed = list_all();
  return index < listed.subjects.size() ? &listed.subjects[index] : nullptr;
}
