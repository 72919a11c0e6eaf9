#include "property_tests/second_opinion/cases.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

constexpr double infinity = HUGE_VAL;

}  // namespace

std::vector<Member> members() {
  std::vector<Member> all;
  for (const DialectTraits& dialect : dialects()) {
    for (const FunctionTraits& function : functions()) {
      for (const bool from_logits : {false, true}) {
        Contract contract{function.function, dialect.dialect, Format::f32, Pass::forward, {}};
        contract.options.from_logits = from_logits;
        if (!is_meaningful(contract)) continue;
        Member member{function.function, dialect.dialect, from_logits, {}};
        for (unsigned bits = 0; bits < 3 << 7; ++bits) {
          Options& o = contract.options;
          o = {};
          o.from_logits = from_logits;
          o.axis = (bits & 1U) != 0;
          if ((bits & 2U) != 0) o.epsilon = 0.1;
          if ((bits & 4U) != 0) o.label_smoothing = 0.1;
          if ((bits & 8U) != 0) o.pos_weight = 2;
          if ((bits & 16U) != 0) o.ignore_index = 0;
          o.class_weights = (bits & 32U) != 0;
          o.sample_weights = (bits & 64U) != 0;
          o.reduction = static_cast<Reduction>(bits >> 7);
          if (is_meaningful(contract)) member.combinations.push_back(o);
        }
        all.push_back(std::move(member));
      }
    }
  }
  return all;
}

std::string name_of(const Member& member) {
  return std::string(traits(member.function).name) + "_" + std::string(traits(member.dialect).name) +
         (member.from_logits ? "_from_logits" : "");
}

void PrintTo(const Member& member, std::ostream* out) { *out << name_of(member); }

Contract Cases::contract(const Member& member, Format format, Pass pass) {
  return contract(member, member.combinations[below(member.combinations.size())], format, pass);
}

Contract Cases::contract(const Member& member, const Options& combination, Format format, Pass pass) {
  Contract contract{member.function, member.dialect, format, pass, combination};
  Options& o = contract.options;
  if (o.epsilon) {
    constexpr double epsilons[] = {1e-7, 1e-3, 0.015625, 3e-5, 1e-9, 0.1, 0};
    o.epsilon = epsilons[below(std::size(epsilons))];
  }
  if (o.label_smoothing != 0) o.label_smoothing = one_in(8) ? 1 : unit();
  if (o.pos_weight) o.pos_weight = one_in(2) ? static_cast<double>(below(5)) : 3 * unit();
  if (o.ignore_index) o.ignore_index = static_cast<std::int64_t>(below(5)) - 1;
  return contract;
}

double Cases::any_bits(Format format) { return decode(format, engine_() >> (64 - 8 * traits(format).bytes)); }

double Cases::finite_bits(Format format) {
  for (;;) {
    const double value = any_bits(format);
    if (std::isfinite(value)) return value;
  }
}

double Cases::logit(Format format) {
  const double sign = one_in(2) ? -1 : 1;
  switch (below(8)) {
    case 0:
      return finite_bits(format);
    case 1:  // subnormals and zero
      return sign * from_ordinal(format, static_cast<std::int64_t>(below(6)));
    case 2:  // where sigmoid and softplus saturate in this format
      return round_to(format, sign * traits(format).precision * std::log(2.0) * (0.9 + 0.2 * unit()));
    case 3:  // where e^x leaves the format
      return round_to(format, sign * -traits(format).min_exponent * std::log(2.0) * (0.95 + 0.2 * unit()));
    case 4:  // integers and halves around 2^p, where the exact sum of two is a tie
      return step(format, sign * std::ldexp(1.0, std::min(traits(format).precision, traits(format).max_exponent)),
                  static_cast<std::int64_t>(below(5)) - 2);
    case 5:
      return one_in(8) ? sign * infinity : one_in(8) ? any_bits(format) : sign * largest(format);
    default:
      return round_to(format, sign * 30 * unit());
  }
}

double Cases::probability(const Contract& contract) {
  const Format format = contract.format;
  const std::int64_t steps = static_cast<std::int64_t>(below(5)) - 2;
  switch (below(10)) {
    case 0:  // tiny, over all binades below 1
      return from_ordinal(format, static_cast<std::int64_t>(below(static_cast<std::uint64_t>(ordinal(format, 1)) + 1)));
    case 1:  // near 1
      return from_ordinal(format, ordinal(format, 1) - static_cast<std::int64_t>(below(9)));
    case 2:  // near 1/2
      return step(format, 0.5, static_cast<std::int64_t>(below(9)) - 4);
    case 3: {  // the clip's neighbours
      const double at = epsilon(contract);
      return step(format, round_to(format, one_in(2) ? at : 1 - at), steps);
    }
    case 4:
      return one_in(2) ? 1 : one_in(2) ? 0.0 : -0.0;
    case 5:
      return from_ordinal(format, static_cast<std::int64_t>(below(4)));
    case 6:  // outside [0, 1], NaN, infinite
      if (one_in(4)) return one_in(2) ? any_bits(format) : step(format, one_in(2) ? 0 : 1, steps);
      if (one_in(12)) return one_in(2) ? infinity : -infinity;
      [[fallthrough]];
    default:
      return round_to(format, unit());
    case 9:  // where ln p is −100, and (1 − p) p is 1e-12
      if (one_in(2)) return step(format, round_to(format, std::exp(-100.0)), steps);
      return one_in(2) ? step(format, round_to(format, 1e-12), steps) : round_to(format, 1 - 1e-12);
  }
}

std::vector<double> Cases::logit_row(Format format, std::size_t classes) {
  std::vector<double> row(classes);
  const FormatTraits& t = traits(format);
  const double sign = one_in(2) ? -1 : 1;
  const std::uint64_t kind = below(8);
  // An offset at which the format's steps are 1 or larger, yet differences stay exact.
  const double base =
      sign * std::ldexp(1.0, std::min(t.precision - 1 + static_cast<int>(below(3)), t.max_exponent - 1));
  const std::size_t winner = below(classes);
  const double margin = std::ldexp(1 + unit(), static_cast<int>(below(12)) - 1);
  for (std::size_t i = 0; i < classes; ++i) {
    switch (kind) {
      case 0:
        row[i] = logit(format);
        break;
      case 1:  // a huge offset and small differences
        row[i] = step(format, base, static_cast<std::int64_t>(below(7)) - 3);
        break;
      case 2:  // a confident row
        row[i] = round_to(format, (i == winner ? margin : 0) + 2 * unit() - 1);
        break;
      case 3:  // one class far below all the others: exact sums that are ties but for e^−2^p
        row[i] = i == winner ? -std::fabs(base) : static_cast<double>(below(3));
        break;
      case 4:  // equal logits, and one that is a little less
        row[i] = i == winner ? step(format, base, -1) : base;
        break;
      case 5:
        row[i] = finite_bits(format);
        break;
      case 6:  // masked classes, and now and then anything at all
        row[i] = one_in(3) ? -infinity : one_in(40) ? any_bits(format) : round_to(format, 20 * unit() - 10);
        break;
      default:
        row[i] = round_to(format, 20 * unit() - 10);
    }
  }
  return row;
}

std::vector<double> Cases::probability_row(const Contract& contract, std::size_t classes) {
  const Format format = contract.format;
  std::vector<double> row(classes);
  const std::uint64_t kind = below(6);
  const std::size_t winner = below(classes);
  double sum = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    switch (kind) {
      case 0:
        row[i] = probability(contract);
        break;
      case 1:  // one-hot, nearly
        row[i] = i == winner ? from_ordinal(format, ordinal(format, 1) - static_cast<std::int64_t>(below(3)))
                             : from_ordinal(format, static_cast<std::int64_t>(below(3)));
        break;
      case 2:
        row[i] = one_in(20) ? probability(contract) : 0;
        break;
      default:
        row[i] = std::exp(8 * unit() - 4) * (i == winner ? 100 : 1);
    }
    sum += row[i];
  }
  if (kind > 2) {
    for (double& p : row) p = round_to(format, p / sum);
  }
  return row;
}

double Cases::target(const Contract& contract) {
  const Format format = contract.format;
  switch (below(8)) {
    case 0:
      return finite_bits(format);
    case 1:
      return round_to(format, 2 * unit() - 1);
    case 2:
      return one_in(4) ? any_bits(format)
                       : from_ordinal(format, ordinal(format, 1) - static_cast<std::int64_t>(below(3)));
    case 3:
      return round_to(format, unit());
    default:
      return one_in(2) ? 0 : 1;
  }
}

std::vector<double> Cases::target_row(const Contract& contract, std::size_t classes) {
  std::vector<double> row(classes, 0.0);
  const std::uint64_t kind = below(4);
  if (kind == 0) {
    for (double& t : row) t = target(contract);
  } else if (kind == 1) {
    for (double& t : row) t = round_to(contract.format, unit());
  } else {
    row[below(classes)] = 1;
  }
  return row;
}

double Cases::weight(Format format) {
  switch (below(6)) {
    case 0:
      return one_in(8) ? decode(format, encode(format, std::nan(""))) : 0;
    case 1:
      return one_in(6) ? finite_bits(format) : round_to(format, 2 * unit() - 0.5);
    case 2:
      return static_cast<double>(below(5));
    default:
      return round_to(format, 2 * unit());
  }
}

std::vector<double> Cases::weights(Format format, std::size_t n) {
  std::vector<double> result(n, 0.0);
  if (one_in(10)) return result;
  const bool equal = one_in(10);
  for (double& w : result) w = equal && &w != result.data() ? result[0] : weight(format);
  return result;
}

std::int64_t Cases::label(const Contract& contract, std::size_t classes) {
  if (contract.options.ignore_index && one_in(4)) return *contract.options.ignore_index;
  if (one_in(40)) return static_cast<std::int64_t>(below(classes + 3)) - 1;
  return static_cast<std::int64_t>(below(classes));
}

Batch Cases::batch(const Contract& contract, std::size_t rows) {
  Batch batch;
  const FunctionTraits& function = traits(contract.function);
  const bool is_elementwise = function.layout == Layout::elementwise;
  const bool logits = function.output == Domain::real || contract.options.from_logits;
  batch.shape.outer = 1 + below(is_elementwise ? 5 * rows : rows);
  batch.shape.classes = one_in(8) ? 1 : 1 + below(9);
  batch.shape.inner = contract.options.axis ? 1 + below(3) : 1;
  if (is_elementwise) batch.shape = {1, batch.shape.outer, 1};
  const std::size_t classes = batch.shape.classes;
  batch.output.resize(batch.shape.elements());
  if (function.target == TargetKind::dense) batch.target.resize(batch.shape.elements());
  const bool all_ignored = contract.options.ignore_index && one_in(12);
  for (std::size_t r = 0; r < batch.shape.rows(); ++r) {
    std::vector<double> output(classes);
    std::vector<double> targets;
    if (is_elementwise) {
      for (double& o : output) o = logits ? logit(contract.format) : probability(contract);
      for (std::size_t i = 0; i < classes; ++i) targets.push_back(target(contract));
    } else {
      output = logits ? logit_row(contract.format, classes) : probability_row(contract, classes);
      targets = target_row(contract, classes);
    }
    for (std::size_t i = 0; i < classes; ++i) {
      const std::size_t at = element_index(batch.shape, r, i);
      batch.output[at] = output[i];
      if (!batch.target.empty()) batch.target[at] = targets[i];
    }
    if (function.target == TargetKind::labels) {
      batch.labels.push_back(all_ignored ? *contract.options.ignore_index : label(contract, classes));
    }
  }
  if (contract.options.class_weights) batch.class_weights = weights(contract.format, classes);
  if (contract.options.sample_weights) {
    batch.sample_weights = weights(contract.format, unreduced_size(contract, batch.shape));
  }
  if (contract.pass == Pass::gradient && !one_in(3)) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    batch.upstream = weights(contract.format, result_size(forward, batch.shape));
  }
  return batch;
}

}  // namespace lossaudit::second_opinion
