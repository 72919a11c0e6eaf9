// A shared library's process: what the child does there, and the messages between it and the audit.
//
// The child loads the library, says what subjects it has (Said messages up to Said::Kind::done), then answers one Reply
// to each Request. Both sides are one program, so the messages are plain structures; the parent checks what it reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "audit/call_times.hpp"
#include "audit/contract_lines.hpp"
#include "audit/declared_subject.hpp"
#include "audit/shared_tensors.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

inline constexpr std::size_t max_subjects = 256;  ///< in one library

/// One thing that the library says of itself, as text of `length` bytes. Text is cut one character beyond its limit, so
/// that the parent sees that it was too long.
struct Said {
  enum class Kind : std::uint32_t {
    cannot_load,        ///< the loader's message
    no_entry,           ///< lossaudit_subject_at is missing
    subject,            ///< the next one begins
    wrong_abi,          ///< its ABI version, in decimal; nothing more is known of it
    name,               ///<
    version,            ///<
    contract_line,      ///<
    missing,            ///< the field that is NULL
    too_many_subjects,  ///<
    done,
  };
  Kind kind = Kind::done;
  std::uint32_t length = 0;
  std::array<char, max_contract_line + 1> text{};
};

struct Request {
  std::uint64_t number = 0;
  std::size_t subject = 0;
  Contract contract;
  Shape shape;
  TensorBytes bytes{};
  SlotLayout layout;
  std::size_t result_count = 0;
  CallTimes times = {};  ///< to be taken, if any
};

struct Reply {
  enum class Kind : std::uint32_t { returned, threw, no_memory };
  std::uint64_t number = 0;
  Kind kind = Kind::returned;
  std::int32_t status = 0;
  std::array<char, 200> what{};  ///< of the exception
  CallTimes times = {};
};

static_assert(std::is_trivially_copyable_v<Said> && std::is_trivially_copyable_v<Request> &&
              std::is_trivially_copyable_v<Reply>);

/// The body of the child: loads the library and serves calls until the channel closes.
void serve_library(const std::string& path);

}  // namespace lossaudit
