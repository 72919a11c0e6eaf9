// A subject: the implementation under audit, as the rest of the suite sees it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audit/call_times.hpp"
#include "audit/resource_watch.hpp"
#include "audit/subject.h"
#include "reference/contract.hpp"

namespace lossaudit {

/// How one call to a subject ended.
struct Outcome {
  enum class Kind : std::uint8_t { computed, unsupported, failed, crashed, hung };
  Kind kind = Kind::computed;
  std::string detail;  ///< one line: the signal, the time limit, the error; empty when computed
};

/// The inputs of a call, values of the contract's format one after the other; empty: absent.
struct StoredTensors {
  std::span<const std::byte> output, target, upstream;
  std::span<const std::int64_t> labels = {};
};

class Subject {
 public:
  virtual ~Subject() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
  /// Where it came from: "built in", or the path of its library.
  [[nodiscard]] virtual std::string origin() const = 0;
  [[nodiscard]] virtual bool supports(const Contract& contract) const = 0;
  /// The subject's own remark on how it computes that contract ("composed here from exp and sum"), or "".
  [[nodiscard]] virtual std::string note(const Contract& contract) const = 0;
  /// Computes a batch; `results` has result_size(contract, batch.shape) places and is meaningful only when the outcome
  /// is `computed`. Never throws for what the subject does; a subject that crashed or hung is started again at the next
  /// call.
  virtual Outcome compute(const Contract& contract, const Batch& batch, std::span<double> results) = 0;
  /// The same of tensors stored in the contract's format, without a detour over doubles; so is `result`. For very many
  /// elements at once.
  virtual Outcome compute_stored(const Contract& /*contract*/, const Shape& /*shape*/, const StoredTensors& /*inputs*/,
                                 std::span<std::byte> /*result*/) {
    return {Outcome::Kind::unsupported, "takes no stored tensors"};
  }
  /// Computes a batch again and again, and fills `times`, where the subject computes. Leaves times.timed at 0 where that
  /// cannot be (a program): its calls can only be timed from here, with the way to it and back.
  virtual Outcome time(const Contract& contract, const Batch& batch, CallTimes& /*times*/) {
    std::vector<double> results(result_size(contract, batch.shape));
    return compute(contract, batch, results);
  }
};

/// A subject that is called in this process through the C ABI (built-in ones, and the suite's mutants).
std::unique_ptr<Subject> make_builtin(const lossaudit_subject& subject);

/// What a stranger's process may take before it is stopped.
struct SubjectLimits {
  std::chrono::milliseconds call = std::chrono::seconds(30);   ///< longer: the call hung; large ones have more
  std::chrono::milliseconds start = std::chrono::seconds(30);  ///< until it is ready for its first call
  ResourceLimits resources = {};                               ///< beyond them it is stopped
};

/// The subjects of a shared library, each in a child process of its own. `path` may end in ":NAME" to take one of them.
/// Throws BadInput naming the missing file, symbol or the ABI version found.
std::vector<std::unique_ptr<Subject>> open_library(const std::string& path, const SubjectLimits& limits = {});

/// A program that computes on its stdin and stdout (adapters/protocol.md), in a process of its own. `command` is what a
/// POSIX shell runs. Throws BadInput when it does not start or does not say what it is.
std::unique_ptr<Subject> open_program(const std::string& command, const SubjectLimits& limits = {});

/// What a SUBJECT argument names: "fast", a bundled adapter, a path, or "cmd:COMMAND". Throws BadInput with the nearest names.
std::vector<std::unique_ptr<Subject>> open_subjects(const std::string& argument);

/// Names that open_subjects knows without a path, with a line on each.
struct KnownSubject {
  std::string name;
  std::string description;
  std::string version;  ///< of what it calls, where that is known without a call; else ""
  bool ready;           ///< it can be audited
  std::string remedy;   ///< one command line that readies it, when it is not
};
std::vector<KnownSubject> known_subjects();

}  // namespace lossaudit
