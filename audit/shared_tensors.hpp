// The memory that a call's tensors lie in, shared between the audit and a subject's process.
//
// Each tensor has a slot of whole pages, ends where its slot ends, and is followed by a page that the child cannot
// touch: reading or writing one element too far is a fault there, not luck. The child may write the result's slot
// alone. What it does to the memory all the same harms nobody: the parent's data are elsewhere, and it only ever reads
// the result back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "audit/child_process.hpp"
#include "audit/marshal.hpp"

namespace lossaudit {

/// Where the slots are. Sent to the child with every call.
struct SlotLayout {
  TensorBytes offset{};    ///< from the start of the mapping; a guard page lies before each slot
  TensorBytes capacity{};  ///< whole pages
  std::size_t total = 0;
  bool operator==(const SlotLayout&) const = default;
  /// The slots that hold tensors of these sizes, at least as large as before.
  static SlotLayout holding(const TensorBytes& bytes, const SlotLayout& before);
  /// Where tensors of these sizes begin, from the start of the mapping.
  [[nodiscard]] TensorBytes begins(const TensorBytes& bytes) const;
  /// Places of tensors of these sizes in a mapping that starts at `base`.
  [[nodiscard]] TensorPlaces places(std::byte* base, const TensorBytes& bytes) const;
};

/// The first bytes of the mapping: where the child says what it stumbled over. A hint; the child may write anything.
struct FaultNote {
  enum class Kind : std::uint32_t { none, null_pointer, inside, past };
  std::atomic<Kind> kind;
  std::atomic<std::uint32_t> tensor;
};

/// The parent's side.
class SharedTensors {
 public:
  /// Throws std::system_error when the system gives no memory.
  SharedTensors();
  ~SharedTensors();
  SharedTensors(const SharedTensors&) = delete;
  SharedTensors& operator=(const SharedTensors&) = delete;

  [[nodiscard]] const Descriptor& descriptor() const { return memory_; }
  [[nodiscard]] const SlotLayout& layout() const { return layout_; }

  /// Makes room for tensors of these sizes and says where they go; a pattern before the result is laid out afresh.
  TensorPlaces fit(const TensorBytes& bytes);
  /// The child wrote before the beginning of the result of the last fit().
  [[nodiscard]] bool written_before_result() const;
  /// What the child stumbled over since the last fit(): "just past the end of result", or "".
  [[nodiscard]] std::string fault() const;
  /// Gives the pages of a large call back to the system.
  void release_large();

 private:
  void unmap();

  Descriptor memory_;
  std::byte* base_ = nullptr;
  SlotLayout layout_;
  std::byte* result_ = nullptr;
  std::size_t margin_ = 0;  ///< bytes of pattern before the result
};

/// The child's side of the same memory.
class ChildTensors {
 public:
  /// Maps (again, when the layout has changed) and gives the places; false when the system refuses.
  bool map(const SlotLayout& layout, const TensorBytes& bytes, TensorPlaces& places);

 private:
  SlotLayout layout_;
  std::byte* base_ = nullptr;
};

/// In the child: from now on a memory fault leaves a note in the mapping before it ends the process.
void note_faults();

}  // namespace lossaudit
