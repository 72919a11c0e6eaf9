// What a speed run times: which contracts, at which shapes, and what lies in their arrays.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/bandwidth.hpp"
#include "audit/speed_run.hpp"

namespace lossaudit {

/// "4096" or "256x32000". Throws BadInput.
Shape parse_shape(std::string_view text);

/// The inverse.
std::string shape_text(const Shape& shape);

/// One thing to be timed again and again.
struct Course {
  const AuditedSubject* subject = nullptr;  ///< null: a way to move arrays
  Contract contract;
  Shape shape;
  const Mover* mover = nullptr;
  std::size_t bytes = 0;  ///< a mover's: of each array
  std::vector<double> nanoseconds;
  bool from_here = false;  ///< with the way to the subject and back
  std::string trouble;
};

/// Every supported contract of those that people time, at each shape, and beside it what moves as many bytes in the same way.
std::vector<Course> courses_of(const SpeedRequest& request);

/// What a trained model's outputs look like, with hard targets; and in words.
Batch batch_of(const Contract& contract, const Shape& shape);
std::string_view inputs_text(const Contract& contract);

/// What bounds a contract: which arrays it has to move, and of how many bytes each.
using LimitKey = std::pair<Traffic, std::size_t>;
LimitKey limit_of(const Contract& contract, const Shape& shape);

}  // namespace lossaudit
