#include "reports/speed/check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

#include "reference/contract.hpp"
#include "reports/speed/arrays.hpp"
#include "reports/speed/tasks.hpp"

namespace lossaudit::speed {
namespace {

struct Results {
  std::vector<float> results, losses;
};

Results compute(const adapters::Kernel& kernel, const adapters::KernelCall& call) {
  std::fill_n(call.result, call.count(), 0.0F);
  std::fill_n(call.loss, call.outer, 0.0F);
  kernel.prepare(call)();
  return {{call.result, call.result + call.count()}, {call.loss, call.loss + call.outer}};
}

/// The largest difference, as a fraction of the largest value due.
double difference(const std::vector<float>& found, const std::vector<float>& due) {
  double largest = 1e-30, most = 0;
  for (std::size_t i = 0; i < due.size(); ++i) {
    largest = std::fmax(largest, std::fabs(due[i]));
    const double apart = std::fabs(static_cast<double>(found[i]) - due[i]);
    most = std::isnan(apart) ? INFINITY : std::fmax(most, apart);
  }
  return most / largest;
}

}  // namespace

void check_results(const std::vector<adapters::KernelLibrary>& libraries) {
  constexpr double three_digits = 1e-3;
  Arrays arrays(7000);
  for (const Task& task : tasks()) {
    if (task.only_fast) continue;
    std::optional<Results> due;
    const adapters::KernelCall call = arrays.call(task, task.by_row ? Shape{7, 1000} : Shape{1, 1003});
    for (const adapters::KernelLibrary& library : libraries) {
      for (const adapters::Kernel& kernel : library.kernels) {
        if (kernel.contract != task.contract) continue;
        const Results found = compute(kernel, call);
        if (!due) due = found;
        const double apart = std::fmax(difference(found.results, due->results), difference(found.losses, due->losses));
        if (!(apart <= three_digits)) {
          throw BadInput(fmt::format("{} computes {} wrongly, by {:.2g} of the largest value", library.name,
                                     task.contract, apart));
        }
      }
    }
  }
}

}  // namespace lossaudit::speed
