// What every subject that speaks the C ABI has in common: what it declares, and which calls reach it at all.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "audit/contract_lines.hpp"
#include "audit/marshal.hpp"
#include "audit/subject.hpp"
#include "audit/text.hpp"

namespace lossaudit {

inline constexpr std::size_t max_subject_name = 64;  ///< characters of a name or a version that are kept

class DeclaredSubject : public Subject {
 public:
  [[nodiscard]] std::string name() const final { return name_; }
  [[nodiscard]] std::string version() const final { return version_; }
  [[nodiscard]] std::string origin() const final { return origin_; }
  [[nodiscard]] bool supports(const Contract& contract) const final {
    return is_meaningful(contract) && contracts_.cover(contract);
  }
  [[nodiscard]] std::string note(const Contract& contract) const final { return contracts_.note(contract); }

  /// Throws BadInput when the batch does not fit the contract, std::invalid_argument when `results` does not: both are
  /// the caller's doing, not the subject's.
  Outcome compute(const Contract& contract, const Batch& batch, std::span<double> results) final {
    validate(contract, batch);
    if (results.size() != result_size(contract, batch.shape)) {
      throw std::invalid_argument("compute: results must have result_size(contract, batch.shape) places");
    }
    if (!contracts_.cover(contract)) return {Outcome::Kind::unsupported, "not among the contracts it declares"};
    return call(BatchCall(contract, batch, results));
  }
  Outcome time(const Contract& contract, const Batch& batch, CallTimes& times) final {
    validate(contract, batch);
    if (!contracts_.cover(contract)) return {Outcome::Kind::unsupported, "not among the contracts it declares"};
    std::vector<double> results(result_size(contract, batch.shape));
    BatchCall timed(contract, batch, results);
    timed.set_times(&times);
    return call(timed);
  }
  Outcome compute_stored(const Contract& contract, const Shape& shape, const StoredTensors& inputs,
                         std::span<std::byte> result) final {
    if (!contracts_.cover(contract)) return {Outcome::Kind::unsupported, "not among the contracts it declares"};
    return call(StoredCall(contract, shape, inputs, result));
  }

 protected:
  DeclaredSubject(std::string name, std::string version, std::string origin, std::span<const std::string> lines)
      : name_(std::move(name)),
        version_(std::move(version)),
        origin_(std::move(origin)),
        contracts_(name_ + " (" + origin_ + ")", lines) {}

 private:
  virtual Outcome call(const SubjectCall& call) = 0;

  std::string name_, version_, origin_;
  DeclaredContracts contracts_;
};

}  // namespace lossaudit
