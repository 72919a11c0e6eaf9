#include "audit/speed_courses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>
#include <random>

#include "audit/text.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

constexpr Shape lengths[] = {{1, 4096, 1}, {1, 1'000'000, 1}};
constexpr Shape rows[] = {{1024, 1000, 1}, {32, 32000, 1}};
/// A subject over a pipe, or a slow one, is not asked for arrays that would take minutes.
constexpr std::size_t most_elements = std::size_t{1} << 24;

/// The contracts that people time.
std::vector<Contract> contracts_of(const Filter& filter) {
  const auto wanted = [](const auto& list, const auto& value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
  };
  const std::vector<Format> formats = filter.formats.empty() ? std::vector{Format::f32} : filter.formats;
  const std::vector<Pass> passes = filter.passes.empty() ? std::vector{Pass::forward} : filter.passes;
  std::vector<Contract> contracts;
  for (const FunctionTraits& function : functions()) {
    for (const DialectTraits& dialect : dialects()) {
      if (!wanted(filter.functions, function.function) || !wanted(filter.dialects, dialect.dialect)) continue;
      for (const Format format : formats) {
        for (const Pass pass : passes) {
          for (const bool from_logits : {true, false}) {
            if (from_logits && function.output != Domain::either) continue;
            Contract contract{function.function, dialect.dialect, format, pass, {}};
            contract.options.from_logits = from_logits;
            if (function.is_loss && function.layout == Layout::elementwise) {
              contract.options.reduction = Reduction::mean;
            }
            if (is_meaningful(contract)) contracts.push_back(contract);
          }
        }
      }
    }
  }
  return contracts;
}

std::vector<Shape> shapes_of(const Contract& contract, const std::vector<Shape>& asked) {
  if (!asked.empty()) return asked;
  if (traits(contract.function).layout == Layout::elementwise) return {std::begin(lengths), std::end(lengths)};
  return {std::begin(rows), std::end(rows)};
}

bool takes_logits(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  return domain == Domain::real || (domain == Domain::either && contract.options.from_logits);
}

Traffic traffic_of(const Contract& contract) {
  const FunctionTraits& function = traits(contract.function);
  const bool gradient = contract.pass == Pass::gradient;
  const bool writes = gradient || (function.layout != Layout::row_to_value && !function.is_loss);
  const bool reads_two = function.target == TargetKind::dense ||
                         (gradient && !function.is_loss && function.layout != Layout::row_to_value);
  if (writes) return reads_two ? Traffic::read2_write : Traffic::read_write;
  return reads_two ? Traffic::read2 : Traffic::read;
}

}  // namespace

Shape parse_shape(std::string_view text) {
  std::array<std::size_t, 2> sizes{};
  std::size_t count = 0;
  const char *at = text.data(), *const end = at + text.size();
  while (count < sizes.size()) {
    const auto [next, error] = std::from_chars(at, end, sizes[count]);
    if (error != std::errc() || sizes[count] == 0 || sizes[count] > most_elements) break;
    ++count;
    at = next;
    if (at == end || *at != 'x') break;
    ++at;
  }
  const Shape shape = count == 2 ? Shape{sizes[0], sizes[1], 1} : Shape{1, sizes[0], 1};
  if (count == 0 || at != end || text.back() == 'x' || shape.elements() > most_elements) {
    throw BadInput("'" + printable(text, 40) + "' is no shape: give a length or ROWSxCLASSES, of up to " +
                   std::to_string(most_elements) + " elements, as in 4096 or 256x32000");
  }
  return shape;
}

std::string shape_text(const Shape& shape) {
  return shape.outer == 1 ? std::to_string(shape.classes) : fmt::format("{}x{}", shape.outer, shape.classes);
}

std::string_view inputs_text(const Contract& contract) {
  return takes_logits(contract) ? "logits N(0, 5)" : "probabilities sigmoid(N(0, 5))";
}

Batch batch_of(const Contract& contract, const Shape& shape) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> logit(0, 5);
  Batch batch;
  batch.shape = shape;
  for (std::size_t i = 0; i < shape.elements(); ++i) {
    const double x = logit(random);
    // Off 0 and 1, where a loss is infinite.
    const double p = std::clamp(1 / (1 + std::exp(-x)), 1e-3, 1 - 1e-3);
    batch.output.push_back(round_to(contract.format, takes_logits(contract) ? x : p));
  }
  const TargetKind target = traits(contract.function).target;
  const bool by_row = traits(contract.function).layout != Layout::elementwise;
  if (target == TargetKind::labels) {
    for (std::size_t row = 0; row < shape.rows(); ++row) {
      batch.labels.push_back(static_cast<std::int64_t>(random() % shape.classes));
    }
  } else if (target == TargetKind::dense) {
    batch.target.assign(shape.elements(), 0);
    if (by_row) {
      for (std::size_t row = 0; row < shape.rows(); ++row)
        batch.target[row * shape.classes + random() % shape.classes] = 1;
    } else {
      for (double& t : batch.target) t = static_cast<double>(random() % 2);
    }
  }
  if (contract.pass == Pass::gradient) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    batch.upstream.assign(result_size(forward, shape), 1);
  }
  return batch;
}

LimitKey limit_of(const Contract& contract, const Shape& shape) {
  return {traffic_of(contract), shape.elements() * static_cast<std::size_t>(traits(contract.format).bytes)};
}

std::vector<Course> courses_of(const SpeedRequest& request) {
  std::vector<Course> courses;
  std::map<LimitKey, bool> moved;
  for (const Contract& contract : contracts_of(request.filter)) {
    for (const Shape& shape : shapes_of(contract, request.shapes)) {
      for (const AuditedSubject& subject : request.subjects) {
        if (!subject.subject->supports(contract)) continue;
        courses.push_back({&subject, contract, shape, nullptr, 0, {}, false, ""});
        const LimitKey key = limit_of(contract, shape);
        if (std::exchange(moved[key], true)) continue;
        for (const Mover& mover : movers()) {
          if (mover.traffic == key.first)
            courses.push_back({nullptr, contract, shape, &mover, key.second, {}, false, ""});
        }
      }
    }
  }
  return courses;
}

}  // namespace lossaudit
