// A library that misbehaves when it is loaded, or asked what it is. $LOSSAUDIT_FAULT says how.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cfenv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/faults/echo.hpp"

namespace {

std::string_view fault() {
  const char* set = std::getenv("LOSSAUDIT_FAULT");
  return set != nullptr ? set : "";
}

/// Runs while the library is loaded.
[[maybe_unused]] const bool at_load = [] {
  if (fault() == "crash_at_load") {
    std::fputs("cannot find the device\n", stderr);
    std::abort();
  }
  if (fault() == "exit_at_load") std::exit(4);
  if (fault() == "hang_at_load") {
    while (true) pause();
  }
  if (fault() == "round_up_at_load") std::fesetround(FE_UPWARD);
  if (fault() == "throw_at_load") throw std::runtime_error("no licence");
  return true;
}();

/// Gives 1/3 as the rounding mode has it, in f64.
int third(const lossaudit_contract*, const lossaudit_tensors* tensors) {
  volatile double one = 1;
  volatile double three = 3;
  *static_cast<double*>(tensors->result) = one / three;
  return LOSSAUDIT_OK;
}

const char* const bad_line[] = {"sigmoid exact f32 forward", "sigmod exact f32 forward", nullptr};
const char* const escape_line[] = {"sigmoid exact f32 forward # \x1b]0;owned\x07", nullptr};
const char* const no_lines[] = {nullptr};

/// Where nobody may read.
const void* wild() { return mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

/// A million characters that never meet their end within any limit.
const char* long_text() {
  static const std::string text(1 << 20, 'A');
  return text.c_str();
}

lossaudit_subject subject = lossaudit::faults::copy_subject;
std::array<const char*, 100000> many_lines;

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  const std::string_view how = fault();
  if (how == "endless_subjects") return &subject;
  if (how == "twins") return index < 3 ? &subject : nullptr;
  if (how == "crash_when_asked") raise(SIGSEGV);
  if (how == "throw_when_asked") throw std::runtime_error("not today");
  if (how == "wild_pointer") return static_cast<const lossaudit_subject*>(wild());
  if (how == "none" || index > 0) return nullptr;
  if (how == "wrong_abi") {
    // Nothing but the version may be looked at.
    std::memset(&subject, 0x41, sizeof subject);
    subject.abi_version = 7;
  }
  if (how == "round_up_at_load") subject.compute = third;
  if (how == "null_name") subject.name = nullptr;
  if (how == "empty_name") subject.name = " \n";
  if (how == "null_version") subject.version = nullptr;
  if (how == "escape_name") subject.name = "\x1b[2Jgood\n<script>\xff\xfe";
  if (how == "long_name") subject.name = long_text();
  if (how == "wild_name") subject.name = static_cast<const char*>(wild());
  if (how == "null_contracts") subject.contracts = nullptr;
  if (how == "null_compute") subject.compute = nullptr;
  if (how == "bad_line") subject.contracts = bad_line;
  if (how == "escape_line") subject.contracts = escape_line;
  if (how == "no_lines") subject.contracts = no_lines;
  if (how == "many_lines") {
    many_lines.fill("sigmoid exact f32 forward");
    subject.contracts = many_lines.data();
  }
  if (how == "long_line") {
    many_lines = {long_text(), nullptr};
    subject.contracts = many_lines.data();
  }
  return &subject;
}
