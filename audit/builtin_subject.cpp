// Subjects that are called in this process: our own, trusted not to crash.
#include <algorithm>
#include <cfenv>
#include <cstdint>
#include <cstring>
#include <exception>

#include "audit/declared_subject.hpp"
#include "audit/marshal.hpp"

namespace lossaudit {
namespace {

/// The default floating-point environment while it lives (round to nearest, no flush to zero, no traps); then what was.
class DefaultFloatingPoint {
 public:
  DefaultFloatingPoint() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatingPoint() { std::fesetenv(&saved_); }
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

 private:
  std::fenv_t saved_{};
};

/// Bytes after a tensor that must still be there after the call.
constexpr std::size_t margin = 64;
constexpr auto untouched = static_cast<std::byte>(0xa5);
/// Tensors end at a multiple of this, as those of a stranger end where a page does: they begin wherever their size has it,
/// which is the same from call to call.
constexpr std::size_t end_alignment = 64;

/// A tensor's memory, with the margin behind it.
std::byte* place_in(std::vector<std::byte>& storage, std::size_t bytes) {
  const std::size_t needed = bytes + margin + 2 * end_alignment;
  if (needed > storage.capacity()) std::vector<std::byte>().swap(storage);  // there need not be room for both
  storage.resize(needed);
  const auto whole = (bytes + end_alignment - 1) / end_alignment * end_alignment;
  const auto misaligned = reinterpret_cast<std::uintptr_t>(storage.data()) % end_alignment;
  std::byte* const place = storage.data() + (end_alignment - misaligned) + (whole - bytes);
  std::fill_n(place + bytes, margin, untouched);
  return place;
}

class BuiltinSubject final : public DeclaredSubject {
 public:
  BuiltinSubject(const lossaudit_subject& subject, std::span<const std::string> lines)
      : DeclaredSubject(printable(subject.name, max_subject_name), printable(subject.version, max_subject_name),
                        "built in", lines),
        compute_(subject.compute) {}

 private:
  Outcome call(const SubjectCall& call) override {
    // The memory of one call serves the next: fresh pages would cost more than most of what is computed on them.
    thread_local std::array<std::vector<std::byte>, tensor_count> storage;
    Outcome outcome = call_in(storage, call);
    for (std::vector<std::byte>& each : storage) {
      if (each.size() >= large_call) std::vector<std::byte>().swap(each);
    }
    return outcome;
  }

  [[nodiscard]] Outcome call_in(std::array<std::vector<std::byte>, tensor_count>& storage,
                                const SubjectCall& call) const {
    const TensorBytes& bytes = call.bytes();
    TensorPlaces places{};
    for (std::size_t i = 0; i < tensor_count; ++i) {
      if (bytes[i] == 0) continue;
      places[i] = place_in(storage[i], bytes[i]);
    }
    call.store(places);

    const lossaudit_contract wanted = to_abi(call.contract());
    const lossaudit_tensors tensors = to_abi(call.shape(), places, call.result_count());
    int status = LOSSAUDIT_FAILED;
    try {
      const DefaultFloatingPoint environment;
      status = compute_(&wanted, &tensors);
      if (call.times() != nullptr && status == LOSSAUDIT_OK) {
        time_calls(*call.times(), [&] { compute_(&wanted, &tensors); });
      }
    } catch (const std::exception& thrown) {
      return {Outcome::Kind::failed, "threw an exception: " + printable(thrown.what(), 200)};
    } catch (...) {
      return {Outcome::Kind::failed, "threw an exception"};
    }
    for (std::size_t i = 0; i < tensor_count; ++i) {
      if (bytes[i] == 0) continue;
      const std::byte* const past = places[i] + bytes[i];
      if (std::any_of(past, past + margin, [](std::byte b) { return b != untouched; })) {
        return {Outcome::Kind::failed, "wrote past the end of " + std::string(tensor_names[i])};
      }
    }
    if (status == LOSSAUDIT_OK) call.load(places[static_cast<std::size_t>(Tensor::result)]);
    return outcome_of(status);
  }

  int (*compute_)(const lossaudit_contract*, const lossaudit_tensors*);
};

}  // namespace

std::unique_ptr<Subject> make_builtin(const lossaudit_subject& subject) {
  if (subject.abi_version != LOSSAUDIT_ABI_VERSION || subject.name == nullptr || subject.version == nullptr ||
      subject.contracts == nullptr || subject.compute == nullptr) {
    throw BadInput("a built-in subject must fill every field of lossaudit_subject, with LOSSAUDIT_ABI_VERSION first");
  }
  std::vector<std::string> lines;
  for (const char* const* line = subject.contracts; *line != nullptr; ++line) lines.emplace_back(*line);
  return std::make_unique<BuiltinSubject>(subject, lines);
}

}  // namespace lossaudit
