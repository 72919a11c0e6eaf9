#include "property_tests/generators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <ostream>
#include <utility>

#include "audit/case.hpp"
#include "property_tests/shrinking.hpp"

namespace lossaudit::conform {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double natural_log_of_2 = 0.6931471805599453;

std::uint64_t random_pattern(Source& source, Format format) { return source.bits() >> (64 - 8 * traits(format).bytes); }

/// A random significand in the binades from 2^low to 2^high.
double in_binades(Source& source, Format format, std::int64_t low, std::int64_t high) {
  const double significand = 1 + static_cast<double>(source.bits() >> 11) * 0x1p-53;
  return round_to(format, std::ldexp(significand, static_cast<int>(source.between(low, high))));
}

double with_random_sign(Source& source, double x) { return source.chance(1, 2) ? x : -x; }

std::vector<double> make_special_values(Format format) {
  const FormatTraits& t = traits(format);
  const double overflow_of_exp = (t.max_exponent + 1) * natural_log_of_2;
  const double underflow_of_exp = (t.min_exponent - t.precision + 1) * natural_log_of_2;
  std::vector<double> values;
  for (const double x : {0.0, smallest(format), std::ldexp(1.0, t.min_exponent), std::ldexp(1.0, -t.precision), 0.5,
                         1.0, 2.0, 8.0, t.precision * natural_log_of_2, overflow_of_exp, -underflow_of_exp,
                         std::ldexp(1.0, t.precision), largest(format), infinity}) {
    values.push_back(round_to(format, x));
    values.push_back(-values.back());
  }
  const std::uint64_t infinity_bits = encode(format, infinity);
  const std::uint64_t quiet_bit = 1ULL << (t.precision - 2);
  values.push_back(decode(format, infinity_bits | quiet_bit));      // the default NaN
  values.push_back(decode(format, infinity_bits | quiet_bit | 1));  // a quiet one with a payload
  values.push_back(decode(format, infinity_bits | 1));              // a signalling one
  return values;
}

std::vector<double> make_special_probabilities(Format format) {
  std::vector<double> values;
  for (const double x : {0.0, smallest(format), 0.25, 0.5, 0.75, 1.0, step(format, 1, -1), step(format, 0.5, -1)}) {
    values.push_back(x);
  }
  for (const double epsilon : {1e-7, 1e-4, 1e-3, 1e-9}) {
    for (const int steps : {-1, 0, 1}) {
      values.push_back(step(format, round_to(format, epsilon), steps));
      values.push_back(std::min(1.0, step(format, round_to(format, 1 - epsilon), steps)));
    }
  }
  for (double& x : values) x = std::max(x, 0.0);
  return values;
}

/// One list a format, made once.
std::span<const double> cached(Format format, std::vector<double> (*make)(Format)) {
  static std::map<std::pair<Format, std::vector<double> (*)(Format)>, std::vector<double>> lists;
  auto [list, is_new] = lists.try_emplace({format, make});
  if (is_new) list->second = make(format);
  return list->second;
}

double draw_tame_real(Source& source, Format format) {
  switch (source.between(0, 3)) {
    case 0:
      return static_cast<double>(source.between(-8, 8));
    case 1:
      return with_random_sign(source, in_binades(source, format, -4, 3));
    case 2:
      return with_random_sign(source, in_binades(source, format, 0, 5));
    default:
      return static_cast<double>(source.between(-64, 64)) / 16;
  }
}

double finite_or(double x, double instead) { return std::isfinite(x) ? x : instead; }

double draw_finite_real(Source& source, Format format) {
  const FormatTraits& t = traits(format);
  switch (source.between(0, 5)) {
    case 0:
      return draw_tame_real(source, format);
    case 1:
      return finite_or(decode(format, random_pattern(source, format)), 1);
    case 2:  // where exponentials neither vanish beside 1 nor are 1
      return with_random_sign(source, in_binades(source, format, -t.precision - 2, 7));
    case 3: {
      const double x = source.pick(special_values(format));
      if (source.chance(1, 3)) return finite_or(x, -0.0);  // as it stands: stepping makes −0 a 0
      return finite_or(step(format, std::isnan(x) ? 0 : x, source.between(-3, 3)), largest(format));
    }
    case 4: {  // near where the exponential leaves the format
      const int exponent = source.chance(1, 2) ? t.max_exponent + 1 : t.min_exponent - t.precision + 1;
      return round_to(format, exponent * natural_log_of_2 + static_cast<double>(source.between(-64, 64)) / 16);
    }
    default:
      return with_random_sign(source, in_binades(source, format, t.min_exponent, t.max_exponent - 1));
  }
}

/// Targets: mostly 0 and 1.
double draw_target(Source& source, const Contract& contract, Adventure adventure) {
  const bool any_real = contract.function == Function::mean_squared_error;
  if (any_real) return draw_real(source, contract.format, adventure);
  switch (source.between(0, 3)) {
    case 0:
      return 0;
    case 1:
      return 1;
    default:
      return adventure == Adventure::wild && source.chance(1, 3)
                 ? draw_real(source, contract.format, Adventure::wild)
                 : draw_probability(source, contract.format, std::min(adventure, Adventure::finite));
  }
}

double draw_weight(Source& source, Format format, Adventure adventure) {
  if (adventure == Adventure::wild && source.chance(1, 6)) return draw_real(source, format, Adventure::wild);
  constexpr std::array<double, 6> usual = {1, 1, 2, 0.5, 0, 3};
  return source.chance(1, 2) ? source.pick(usual) : in_binades(source, format, -3, 3);
}

double draw_output(Source& source, const Contract& contract, Adventure adventure) {
  return takes_probabilities(contract) ? draw_probability(source, contract.format, adventure)
                                       : draw_real(source, contract.format, adventure);
}

/// The patterns that rows have: independent values, equal ones, one class that wins, small differences on a large
/// offset, a ladder.
void draw_row(Source& source, const Contract& contract, Adventure adventure, std::span<double> row) {
  const Format format = contract.format;
  for (double& x : row) x = draw_output(source, contract, adventure);
  const double first = row[0];
  switch (source.between(0, 7)) {
    case 0:
      for (double& x : row) x = first;
      break;
    case 1:
      if (takes_probabilities(contract)) {  // one-hot
        for (double& x : row) x = 0;
        source.chance(1, 2) ? row.front() = 1 : row.back() = 1;
      } else {
        row[static_cast<std::size_t>(source.between(0, static_cast<std::int64_t>(row.size()) - 1))] =
            round_to(format, std::abs(draw_tame_real(source, format)) * 16);
      }
      break;
    case 2:
      if (takes_probabilities(contract)) {  // sums to 1 up to rounding
        double sum = 0;
        for (double& x : row) sum += x = std::exp(draw_tame_real(source, format) / 2);
        for (double& x : row) x = round_to(format, x / sum);
      } else {
        const double offset = draw_real(source, format, std::min(adventure, Adventure::finite));
        for (double& x : row) {
          x = round_to(format, offset + static_cast<double>(source.between(-32, 32)) / 8);
          if (!std::isfinite(x)) x = std::copysign(largest(format), offset);
        }
      }
      break;
    case 3:
      if (!takes_probabilities(contract)) {
        const double rung = draw_tame_real(source, format);
        for (std::size_t i = 0; i < row.size(); ++i) row[i] = round_to(format, rung * static_cast<double>(i));
      }
      break;
    default:
      break;
  }
}

std::int64_t draw_label(Source& source, const Contract& contract, Adventure adventure, std::size_t classes) {
  if (contract.options.ignore_index && source.chance(1, 4)) return *contract.options.ignore_index;
  if (adventure == Adventure::wild && source.chance(1, 12)) return source.pick(std::array<std::int64_t, 2>{-1, 1000});
  return source.between(0, static_cast<std::int64_t>(classes) - 1);
}

/// A target row: one-hot as often as not.
void draw_target_row(Source& source, const Contract& contract, Adventure adventure, std::span<double> row) {
  for (double& t : row) t = draw_target(source, contract, adventure);
  if (contract.function != Function::mean_squared_error && source.chance(1, 2)) {
    for (double& t : row) t = 0;
    row[static_cast<std::size_t>(source.between(0, static_cast<std::int64_t>(row.size()) - 1))] = 1;
  }
}

}  // namespace

bool takes_probabilities(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  return domain == Domain::probability || (domain == Domain::either && !contract.options.from_logits);
}

std::int64_t Source::between(std::int64_t low, std::int64_t high) {
  const auto range = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(bits() % range);  // the bias is below 2^-40 for the ranges used here
}

std::span<const double> special_values(Format format) { return cached(format, make_special_values); }
std::span<const double> special_probabilities(Format format) { return cached(format, make_special_probabilities); }

double draw_real(Source& source, Format format, Adventure adventure) {
  switch (adventure) {
    case Adventure::tame:
      return draw_tame_real(source, format);
    case Adventure::finite:
      return draw_finite_real(source, format);
    case Adventure::wild:
      break;
  }
  switch (source.between(0, 3)) {
    case 0:
      return decode(format, random_pattern(source, format));
    case 1: {  // any NaN or infinity: all exponent bits set
      const std::uint64_t pattern = random_pattern(source, format) | encode(format, infinity);
      return source.chance(1, 2) ? decode(format, pattern) : with_random_sign(source, infinity);
    }
    default:
      return draw_finite_real(source, format);
  }
}

double draw_probability(Source& source, Format format, Adventure adventure) {
  const FormatTraits& t = traits(format);
  if (adventure == Adventure::wild && source.chance(1, 3)) return draw_real(source, format, Adventure::wild);
  const auto kind = source.between(0, adventure == Adventure::tame ? 2 : 7);
  switch (kind) {
    case 0:
      return static_cast<double>(source.between(1, 15)) / 16;
    case 1:
      return round_to(format, static_cast<double>(source.bits() >> 11) * 0x1p-53);
    case 2: {
      const double x = in_binades(source, format, -5, -1);
      return source.chance(1, 2) ? x : round_to(format, 1 - x);
    }
    case 3:
      return from_ordinal(format, source.between(0, ordinal(format, 1)));
    case 4:
      return round_to(format, 1 - in_binades(source, format, -t.precision - 1, -1));
    case 5:
      return std::min(1.0, step(format, 0.5, source.between(-40, 40)));
    case 6:
      return in_binades(source, format, -t.precision - 6, -1);
    default:
      return std::clamp(step(format, source.pick(special_probabilities(format)), source.between(-2, 2)), 0.0, 1.0);
  }
}

Batch draw_batch(Source& source, const Contract& contract, Adventure adventure, const Shape& shape) {
  const FunctionTraits& function = traits(contract.function);
  Batch batch;
  batch.origin = "conform";
  batch.shape = shape;
  batch.output.resize(shape.elements());
  if (function.target == TargetKind::dense) batch.target.resize(shape.elements());
  std::vector<double> row(shape.classes);
  for (std::size_t r = 0; r < shape.rows(); ++r) {
    // One row in two of a wild batch is wild, so that NaN does not swallow the others' reduction every time.
    const Adventure here = adventure == Adventure::wild && source.chance(1, 2) ? Adventure::finite : adventure;
    draw_row(source, contract, here, row);
    for (std::size_t i = 0; i < row.size(); ++i) batch.output[element_index(shape, r, i)] = row[i];
    if (function.target == TargetKind::dense) {
      draw_target_row(source, contract, here, row);
      for (std::size_t i = 0; i < row.size(); ++i) batch.target[element_index(shape, r, i)] = row[i];
    }
    if (function.target == TargetKind::labels) {
      batch.labels.push_back(draw_label(source, contract, here, shape.classes));
    }
  }
  const Adventure of_weights = adventure == Adventure::wild && source.chance(1, 2) ? Adventure::wild : Adventure::tame;
  if (contract.options.class_weights) {
    for (std::size_t i = 0; i < shape.classes; ++i) {
      batch.class_weights.push_back(draw_weight(source, contract.format, of_weights));
    }
  }
  if (contract.options.sample_weights) {
    for (std::size_t i = 0; i < unreduced_size(contract, shape); ++i) {
      batch.sample_weights.push_back(draw_weight(source, contract.format, of_weights));
    }
  }
  if (contract.pass == Pass::gradient && function.layout == Layout::row_to_row) {
    // Of ones nothing comes back through a softmax.
    batch.upstream.resize(shape.elements());
    for (std::size_t r = 0; r < shape.rows(); ++r) {
      const auto at = static_cast<std::size_t>(source.between(0, static_cast<std::int64_t>(shape.classes) - 1));
      batch.upstream[element_index(shape, r, at)] = 1;
    }
  }
  return batch;
}

Batch draw_batch(Source& source, const Contract& contract, Adventure adventure, const Layouts& layouts) {
  const auto up_to = [&](std::size_t most) {
    const auto grown = static_cast<std::int64_t>(most) * (source.size() + 10) / 110;
    return static_cast<std::size_t>(source.between(1, std::max<std::int64_t>(1, grown)));
  };
  Shape shape;
  if (traits(contract.function).layout == Layout::elementwise) {
    shape.classes = up_to(layouts.most_rows * layouts.most_classes);
  } else {
    shape = {up_to(layouts.most_rows), up_to(layouts.most_classes), 1};
    if (contract.options.axis) shape.inner = up_to(layouts.most_inner);
  }
  return draw_batch(source, contract, adventure, shape);
}

std::ostream& operator<<(std::ostream& out, const Case& a_case) {
  constexpr std::size_t longest = 2000;
  const std::string text = to_case_text(a_case.contract, a_case.batch);
  if (text.size() <= longest) return out << text;
  return out << text.substr(0, longest) << "... (" << a_case.batch.shape.elements() << " elements)";
}

rc::Gen<Case> cases(const Contract& contract, Draw draw, Admits admits) {
  return [contract, draw = std::move(draw), admits = std::move(admits)](const rc::Random& random, int size) {
    Source source(random, size);
    return rc::shrinkable::shrinkRecur(Case{contract, draw(source)}, [contract, admits](const Case& failing) {
      std::vector<Case> simpler;
      for (Batch& batch : simpler_batches(contract, failing.batch)) {
        if (!admits || admits(batch)) simpler.push_back({contract, std::move(batch)});
      }
      return rc::seq::fromContainer(std::move(simpler));
    });
  };
}

}  // namespace lossaudit::conform
