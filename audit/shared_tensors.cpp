#include "audit/shared_tensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

namespace lossaudit {
namespace {

constexpr auto result_index = static_cast<std::size_t>(Tensor::result);
constexpr std::size_t most_margin = 64;
constexpr auto untouched = static_cast<std::byte>(0xa5);

std::size_t page() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

SlotLayout SlotLayout::holding(const TensorBytes& bytes, const SlotLayout& before) {
  SlotLayout layout;
  layout.total = page();  // the note's
  for (std::size_t i = 0; i < tensor_count; ++i) {
    // Doubling, so that growing sizes map anew only now and then; pages that nothing touches cost nothing.
    const std::size_t pages = std::bit_ceil((bytes[i] + page() - 1) / page());
    layout.capacity[i] = std::max(pages * page(), before.capacity[i]);
    layout.offset[i] = layout.total + page();
    layout.total = layout.offset[i] + layout.capacity[i];
  }
  layout.total += page();
  return layout;
}

TensorBytes SlotLayout::begins(const TensorBytes& bytes) const {
  TensorBytes begins{};
  for (std::size_t i = 0; i < tensor_count; ++i) begins[i] = offset[i] + (capacity[i] - bytes[i]);
  return begins;
}

TensorPlaces SlotLayout::places(std::byte* base, const TensorBytes& bytes) const {
  const TensorBytes at = begins(bytes);
  TensorPlaces places{};
  for (std::size_t i = 0; i < tensor_count; ++i) {
    if (bytes[i] != 0) places[i] = base + at[i];
  }
  return places;
}

SharedTensors::SharedTensors() : memory_(memfd_create("lossaudit-tensors", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  // A child that could shrink the memory could fault the parent.
  if (memory_.get() < 0 || fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
}

SharedTensors::~SharedTensors() { unmap(); }

void SharedTensors::unmap() {
  if (base_ != nullptr) munmap(base_, layout_.total);
  base_ = nullptr;
}

TensorPlaces SharedTensors::fit(const TensorBytes& bytes) {
  const SlotLayout layout = SlotLayout::holding(bytes, layout_);
  if (layout != layout_ || base_ == nullptr) {
    unmap();
    if (ftruncate(memory_.get(), static_cast<off_t>(layout.total)) != 0) {
      throw std::system_error(errno, std::generic_category(), "ftruncate of the tensors' memory");
    }
    void* base = mmap(nullptr, layout.total, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    if (base == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap of the tensors' memory");
    base_ = static_cast<std::byte*>(base);
    layout_ = layout;
  }
  new (base_) FaultNote{};
  const TensorPlaces places = layout_.places(base_, bytes);
  result_ = places[result_index];
  margin_ = std::min(most_margin, layout_.capacity[result_index] - bytes[result_index]);
  std::fill_n(result_ - margin_, margin_, untouched);
  return places;
}

bool SharedTensors::written_before_result() const {
  return std::any_of(result_ - margin_, result_, [](std::byte b) { return b != untouched; });
}

std::string SharedTensors::fault() const {
  if (base_ == nullptr) return "";
  const auto* note = std::launder(reinterpret_cast<const FaultNote*>(base_));
  const std::size_t tensor = note->tensor;
  if (tensor >= tensor_count) return "";
  switch (note->kind) {
    case FaultNote::Kind::null_pointer:
      return "at a null pointer";
    case FaultNote::Kind::inside:
      return "writing to its input " + std::string(tensor_names[tensor]);
    case FaultNote::Kind::past:
      return "just past the end of " + std::string(tensor_names[tensor]);
    default:
      return "";
  }
}

void SharedTensors::release_large() {
  if (layout_.total >= large_call) madvise(base_, layout_.total, MADV_REMOVE);
}

namespace {

/// For the handler of memory faults; set in the child alone.
struct Mapped {
  std::byte* base = nullptr;
  SlotLayout layout;
} mapped;

void take_note(const std::byte* address, FaultNote& note) {
  if (reinterpret_cast<std::uintptr_t>(address) < page()) {
    note.kind = FaultNote::Kind::null_pointer;
    return;
  }
  for (std::uint32_t i = 0; i < tensor_count; ++i) {
    const std::byte* begin = mapped.base + mapped.layout.offset[i];
    const std::byte* end = begin + mapped.layout.capacity[i];
    if (address < begin || address >= end + page()) continue;
    note.tensor = i;
    note.kind = address < end ? FaultNote::Kind::inside : FaultNote::Kind::past;
  }
}

void on_fault(int signal, siginfo_t* info, void* /*context*/) {
  // si_code > 0: a fault, not a signal that somebody sent.
  if (mapped.base != nullptr && info->si_code > 0) {
    take_note(static_cast<const std::byte*>(info->si_addr), *reinterpret_cast<FaultNote*>(mapped.base));
  }
  std::signal(signal, SIG_DFL);
  raise(signal);  // delivered when this handler is left
}

}  // namespace

bool ChildTensors::map(const SlotLayout& layout, const TensorBytes& bytes, TensorPlaces& places) {
  if (layout != layout_ || base_ == nullptr) {
    mapped.base = nullptr;
    if (base_ != nullptr) munmap(base_, layout_.total);
    base_ = nullptr;
    void* base = mmap(nullptr, layout.total, PROT_NONE, MAP_SHARED, ChildProcess::memory_descriptor, 0);
    if (base == MAP_FAILED) return false;
    base_ = static_cast<std::byte*>(base);
    layout_ = layout;
    if (mprotect(base_, page(), PROT_READ | PROT_WRITE) != 0) return false;
    for (std::size_t i = 0; i < tensor_count; ++i) {
      const int access = i == result_index ? PROT_READ | PROT_WRITE : PROT_READ;
      if (layout.capacity[i] != 0 && mprotect(base_ + layout.offset[i], layout.capacity[i], access) != 0) return false;
    }
    mapped = {base_, layout_};
  }
  places = layout_.places(base_, bytes);
  return true;
}

void note_faults() {
  page();  // known before it is asked for in the handler
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  for (const int signal : {SIGSEGV, SIGBUS}) sigaction(signal, &action, nullptr);
}

}  // namespace lossaudit
