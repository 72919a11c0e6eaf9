// A subject: the implementation under audit, as the rest of the suite sees it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audit/subject.h"
#include "reference/contract.hpp"

namespace lossaudit {

/// How one call to a subject ended.
struct Outcome {
  enum class Kind : std::uint8_t { computed, unsupported, failed, crashed, hung };
  Kind kind = Kind::computed;
  std::string detail;  ///< one line: the signal, the time limit, the error; empty when computed
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
};

/// A subject that is called in this process through the C ABI (built-in ones, and the suite's mutants).
std::unique_ptr<Subject> make_builtin(const lossaudit_subject& subject);

/// The subjects of a shared library, each in a child process of its own. `path` may end in ":NAME" to take one of them.
/// A call that takes longer than `call_limit` is hung, and so is a library that takes longer than `load_limit` to load.
/// Throws BadInput naming the missing file, symbol or the ABI version found.
std::vector<std::unique_ptr<Subject>> open_library(const std::string& path,
                                                   std::chrono::milliseconds call_limit = std::chrono::seconds(30),
                                                   std::chrono::milliseconds load_limit = std::chrono::seconds(30));

/// What a SUBJECT argument names: "fast", a bundled adapter, or a path. Throws BadInput with the nearest names.
std::vector<std::unique_ptr<Subject>> open_subjects(const std::string& argument);

/// Names that open_subjects knows without a path, with a line on each.
struct KnownSubject {
  std::string name;
  std::string description;
  bool ready;          ///< its library is there
  std::string remedy;  ///< what readies it, when it is not
};
std::vector<KnownSubject> known_subjects();

}  // namespace lossaudit
