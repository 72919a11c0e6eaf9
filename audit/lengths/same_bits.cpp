#include "audit/lengths/same_bits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "audit/inputs/groups.hpp"
#include "audit/inputs/random.hpp"
#include "audit/inputs/values.hpp"
#include "audit/record.hpp"
#include "audit/text.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t offsets = 33;
constexpr std::size_t units = 101, classes_of_rows = 37, alone_at_most = 40;

/// One contract's inputs, unit by unit: elements or rows that do not depend on one another.
class Units {
 public:
  Units(const Contract& contract, std::size_t count, std::size_t classes, std::uint64_t seed)
      : contract_(contract), classes_(classes) {
    Random random(text_hash(to_string(contract), seed));
    const bool probability = output_space(contract).probability;
    const FunctionTraits& function = traits(contract.function);
    for (std::size_t i = 0; i < count * classes; ++i) {
      output_.push_back(fit(contract.format, probability ? random.uniform(0.001, 0.999) : 4 * random.normal()));
      if (function.target == TargetKind::dense) target_.push_back(binary_target(contract.format, random));
      // In this order the first of many units are those of few.
      if (function.target == TargetKind::labels && i % classes == 0) {
        labels_.push_back(static_cast<std::int64_t>(random.below(classes)));
      }
    }
  }

  /// The units [first, first + count), every other one a NaN if so asked.
  [[nodiscard]] Batch batch(std::size_t first, std::size_t count, bool nans = false) const {
    Batch batch;
    batch.shape =
        traits(contract_.function).layout == Layout::elementwise ? Shape{1, count, 1} : Shape{count, classes_, 1};
    const auto part = [&](const auto& all, std::size_t each) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(first * each);
      return std::remove_cvref_t<decltype(all)>(from, from + static_cast<std::ptrdiff_t>(count * each));
    };
    batch.output = part(output_, classes_);
    if (!target_.empty()) batch.target = part(target_, classes_);
    if (!labels_.empty()) batch.labels = part(labels_, 1);
    for (std::size_t u = 1; u < count && nans; u += 2) {
      batch.output[u * classes_] = std::numeric_limits<double>::quiet_NaN();
    }
    if (contract_.pass == Pass::gradient) batch.upstream.assign(result_size(contract_, batch.shape), 1);
    return batch;
  }

 private:
  Contract contract_;
  std::size_t classes_;
  std::vector<double> output_, target_;
  std::vector<std::int64_t> labels_;
};

class Comparison {
 public:
  Comparison(Subject& subject, const Contract& contract) : subject_(subject), contract_(contract) {}

  /// The results' bits, a text each; empty when there are none.
  [[nodiscard]] std::vector<std::uint64_t> bits(const Batch& batch) const {
    std::vector<double> computed(result_size(contract_, batch.shape));
    if (subject_.compute(contract_, batch, computed).kind != Outcome::Kind::computed) return {};
    std::vector<std::uint64_t> all;
    for (const double value : computed) all.push_back(encode(contract_.format, value));
    return all;
  }

  /// Says at the first result that differs, of those of unit `first` of `whole` on.
  void compare(std::string& said, const std::vector<std::uint64_t>& whole, const std::vector<std::uint64_t>& part,
               std::size_t first, std::size_t each, std::size_t step = 1) const {
    if (part.empty() || said != same_bits_text) return;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::uint64_t expected = whole[first * each + i];
      if (i / each % step != 0 || part[i] == expected) continue;
      const auto hex = [&](std::uint64_t value) { return to_hex(contract_.format, decode(contract_.format, value)); };
      said = fmt::format("differs: result {} is {} or {}", first * each + i, hex(expected), hex(part[i]));
      return;
    }
  }

 private:
  Subject& subject_;
  Contract contract_;
};

}  // namespace

std::map<std::string, std::string> same_bits(Subject& subject, const Contract& contract, std::uint64_t longest,
                                             std::uint64_t seed) {
  const Comparison comparison(subject, contract);
  std::map<std::string, std::string> found;
  const bool elementwise = traits(contract.function).layout == Layout::elementwise;
  const std::size_t classes = elementwise ? 1 : classes_of_rows;
  const Units all(contract, units, classes, seed);
  const std::vector<std::uint64_t> whole = comparison.bits(all.batch(0, units));
  if (whole.empty()) return found;

  std::string& runs = found["run to run"] = same_bits_text;
  comparison.compare(runs, whole, comparison.bits(all.batch(0, units)), 0, 1);
  const Units many(contract, std::max<std::uint64_t>(longest / classes, units), classes, seed);
  const Batch long_batch = many.batch(0, std::max<std::uint64_t>(longest / classes, units));
  const std::vector<std::uint64_t> once = comparison.bits(long_batch);
  for (int again = 0; again < 2 && !once.empty(); ++again) {
    comparison.compare(runs, once, comparison.bits(long_batch), 0, 1);
  }
  if (contract.options.reduction != Reduction::none) return found;

  const std::size_t each = whole.size() / units;
  if (!once.empty()) {
    const std::vector<std::uint64_t> first(once.begin(), once.begin() + static_cast<std::ptrdiff_t>(whole.size()));
    comparison.compare(found["in a long call"] = same_bits_text, whole, first, 0, each);
  }
  std::string &alone = found["alone"] = same_bits_text, &offset = found["at each offset"] = same_bits_text,
              &nan = found["beside NaN"] = same_bits_text;
  for (std::size_t u = 0; u < alone_at_most; ++u) {
    comparison.compare(alone, whole, comparison.bits(all.batch(u, 1)), u, each);
  }
  for (std::size_t first = 1; first < offsets; ++first) {
    comparison.compare(offset, whole, comparison.bits(all.batch(first, units - first)), first, each);
  }
  comparison.compare(nan, whole, comparison.bits(all.batch(0, units, true)), 0, each, 2);
  return found;
}

}  // namespace lossaudit
