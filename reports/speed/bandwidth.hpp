// The bandwidth limits: what it takes to move a task's arrays and do nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "adapters/kernel.hpp"
#include "reports/speed/tasks.hpp"

namespace lossaudit::speed {

/// One way to move the arrays of a kind of traffic; the quickest at a size is the limit there.
struct Mover {
  Traffic traffic;
  std::string_view name;  ///< "copy", "copy, non-temporal", …
  void (*move)(const adapters::KernelCall& call);
};

std::span<const Mover> movers();

}  // namespace lossaudit::speed
