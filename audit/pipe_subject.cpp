// Programs in any language as subjects: each in a process of its own, asked on its stdin and heard on its stdout.
#include <unistd.h>
#include <wordexp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "audit/hosted_subject.hpp"
#include "audit/pipe_message.hpp"
#include "audit/shared_tensors.hpp"

namespace lossaudit {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Event = ChildProcess::Event;
using Deadline = ChildProcess::Deadline;

/// A program whose stdin has ended has this long to leave by itself: it may have files to close.
constexpr auto time_to_leave = 2s;
constexpr std::size_t shown_of_chatter = 60;
/// An answer that is none, but is a whole message, is read to its end so that the next call can follow: f64 for bf16 is
/// four times what is due.
constexpr std::size_t most_skipped_factor = 8, most_skipped_beside = 64 << 10;

/// The words to execute for a command as people write it. What is no more than words, quotes, variables and patterns
/// becomes its own program, so that its end is seen as it was; a shell runs the rest (pipes, redirections, several
/// commands).
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  wordexp_t expanded{};
  if (wordexp(command.c_str(), &expanded, WRDE_NOCMD) == 0) {
    words.assign(expanded.we_wordv, expanded.we_wordv + expanded.we_wordc);
    wordfree(&expanded);
    const bool assigns = !words.empty() && words.front().find('=') < words.front().find('/');
    if (assigns) words.insert(words.begin(), "env");
  }
  if (words.empty()) words = {"/bin/sh", "-c", command};
  return words;
}

/// The child's body.
void become(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  dprintf(STDERR_FILENO, "cannot run %s: %s\n", words.front().c_str(), std::strerror(errno));
  _exit(127);
}

/// Why the message at hand is none that can be used.
struct NoAnswer {
  Outcome outcome;
};

/// The parent's hold on one running program.
class PipeHost final : public SubjectHost {
 public:
  PipeHost(const std::string& command, const SubjectLimits& limits)
      : limits_(limits), child_(limits.resources, [words = words_of(command)] { become(words); }) {
    introduce();
  }
  ~PipeHost() override {
    if (!spoiled_) child_.dismiss(steady_clock::now() + time_to_leave);
  }

  [[nodiscard]] const pipe::Introduction& introduction() const { return introduction_; }
  Outcome call(const SubjectCall& call) override;
  [[nodiscard]] bool is_spoiled() const override { return spoiled_; }

 private:
  [[nodiscard]] const ChildProcess& child() const override { return child_; }

  void introduce();
  Outcome compute(const SubjectCall& call);

  // What follows throws NoAnswer when the program does not do its part until the deadline.
  /// Sends the message in blob_ and reads the header of what is answered; `limit` is what a late answer exceeds.
  safetensors::Header ask(std::chrono::milliseconds limit);
  void fill(std::span<std::byte> due);
  void skip(std::size_t bytes);
  void expect_silence(const char* when);
  /// Waits until all of the message is sent. A program may answer before it has read to the end.
  void finish_sending();
  [[noreturn]] void give_up(Outcome outcome);
  [[noreturn]] void give_up_chatter(std::span<const std::byte> first);
  [[noreturn]] void give_up_after(Event event);

  SubjectLimits limits_;
  SharedTensors tensors_;
  ChildProcess child_;
  pipe::Introduction introduction_;
  DeclaredContracts contracts_;
  std::string blob_;                   ///< the message that is being sent
  std::span<const std::byte> unsent_;  ///< what is left of it
  std::chrono::milliseconds limit_{};
  Deadline deadline_;
  std::array<std::byte, safetensors::length_bytes> first_{};  ///< of the answer
  std::size_t heard_ = 0;                                     ///< bytes of the answer that have come
  std::vector<std::byte> result_;
  bool spoiled_ = false;
};

void PipeHost::give_up(Outcome outcome) {
  spoiled_ = true;
  throw NoAnswer{std::move(outcome)};
}

void PipeHost::give_up_chatter(std::span<const std::byte> first) {
  std::array<std::byte, shown_of_chatter> more;
  std::size_t size = 0;
  std::string text(reinterpret_cast<const char*>(first.data()), first.size());
  if (child_.transfer(unsent_, more, size, std::min(deadline_, steady_clock::now() + 20ms)) == Event::message) {
    text.append(reinterpret_cast<const char*>(more.data()), size);
  }
  give_up(
      {Outcome::Kind::failed, "wrote to its stdout what is no message: '" + printable(text, shown_of_chatter) + "'"});
}

void PipeHost::give_up_after(Event event) {
  std::string so_far;
  if (heard_ != 0) {
    const std::string_view text(reinterpret_cast<const char*>(first_.data()), std::min(heard_, first_.size()));
    so_far = " (" + std::to_string(heard_) + (heard_ == 1 ? " byte" : " bytes") +
             " of an answer had come, beginning '" + printable(text, first_.size()) + "')";
  }
  if (event == Event::ended) give_up(crash(so_far));
  if (!child_.is_open()) give_up({Outcome::Kind::crashed, with_last_words("closed its stdout" + so_far)});
  give_up(hang(limit_, so_far));
}

void PipeHost::fill(std::span<std::byte> due) {
  while (!due.empty()) {
    std::size_t size = 0;
    const Event event = child_.transfer(unsent_, due, size, deadline_);
    if (event != Event::message) give_up_after(event);
    if (heard_ < first_.size())
      std::copy_n(due.begin(), std::min(size, first_.size() - heard_), first_.begin() + heard_);
    heard_ += size;
    due = due.subspan(size);
  }
}

void PipeHost::skip(std::size_t bytes) {
  std::vector<std::byte> ignored(std::min<std::size_t>(bytes, most_skipped_beside));
  while (bytes != 0) {
    const std::size_t part = std::min(bytes, ignored.size());
    fill(std::span(ignored).first(part));
    bytes -= part;
  }
}

void PipeHost::expect_silence(const char* when) {
  std::array<std::byte, shown_of_chatter> surplus;
  std::size_t size = 0;
  if (child_.transfer(unsent_, surplus, size, steady_clock::now()) != Event::message) return;
  const std::string_view text(reinterpret_cast<const char*>(surplus.data()), size);
  give_up({Outcome::Kind::failed, "wrote to its stdout without being asked" + std::string(when) + ": '" +
                                      printable(text, shown_of_chatter) + "'"});
}

void PipeHost::finish_sending() {
  std::size_t size = 0;
  if (child_.transfer(unsent_, {}, size, deadline_) == Event::timeout) {
    give_up(hang(limit_, " to read what it was sent"));
  }
}

safetensors::Header PipeHost::ask(std::chrono::milliseconds limit) {
  limit_ = limit;
  deadline_ = steady_clock::now() + limit;
  unsent_ = std::as_bytes(std::span(blob_));
  heard_ = 0;
  std::array<std::byte, safetensors::length_bytes> length_bytes;
  fill(length_bytes);
  std::size_t length = 0;
  try {
    length = safetensors::header_length(length_bytes);
  } catch (const BadInput& why) {
    const bool text = std::ranges::all_of(length_bytes, [](std::byte b) { return b != std::byte{0}; });
    if (text) give_up_chatter(length_bytes);
    give_up({Outcome::Kind::failed, "wrote to its stdout what is no message: " + std::string(why.what())});
  }
  std::string json(length, '\0');
  fill(std::as_writable_bytes(std::span(json)));
  try {
    return safetensors::parse_header(json);
  } catch (const BadInput& why) {
    give_up({Outcome::Kind::failed, "wrote to its stdout what is no message: " + std::string(why.what()) + ": '" +
                                        printable(json, shown_of_chatter) + "'"});
  }
}

void PipeHost::introduce() {
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(tensors_.descriptor().get());
  blob_ = safetensors::to_blob(pipe::hello(path));
  try {
    introduction_ = pipe::read_introduction(ask(limits_.start));
    finish_sending();
    contracts_ = DeclaredContracts(introduction_.name, introduction_.lines);
  } catch (const NoAnswer& none) {
    throw StartFailure{none.outcome,
                       "make it answer the hello of adapters/protocol.md, and write to stderr what it has to say"};
  } catch (const BadInput& why) {
    spoiled_ = true;
    throw StartFailure{{Outcome::Kind::failed, why.what()}, ""};
  }
  child_.forget_said();
}

Outcome PipeHost::call(const SubjectCall& call) {
  try {
    return compute(call);
  } catch (const NoAnswer& none) {
    return none.outcome;
  }
}

Outcome PipeHost::compute(const SubjectCall& call) {
  const Contract& contract = call.contract();
  const Shape& shape = call.shape();
  constexpr auto result = static_cast<std::size_t>(Tensor::result);
  expect_silence(" after its last answer");
  const std::optional<std::size_t> line = contracts_.line(contract);
  if (!line) return {Outcome::Kind::failed, "was started again, and no longer declares this contract"};
  const TensorBytes& bytes = call.bytes();
  safetensors::Header header = pipe::call(contract, shape, *line);
  TensorPlaces places{};
  std::optional<std::size_t> shared_at;
  if (introduction_.shares_memory) {
    places = tensors_.fit(bytes);
    const TensorBytes offsets = tensors_.layout().begins(bytes);
    shared_at = offsets[result];
    pipe::append_shared(header, contract, shape, bytes, offsets);
    blob_ = safetensors::to_text(header);
  } else {
    pipe::append_tensors(header, contract, shape, bytes);
    blob_ = safetensors::to_blob(header);
    for (std::size_t i = 0; i < tensor_count; ++i) {
      if (const auto* entry = header.find(tensor_names[i])) places[i] = safetensors::values_of(blob_, *entry).data();
    }
    result_.resize(bytes[result]);
    places[result] = result_.data();
  }
  call.store(places);

  child_.forget_said();
  const safetensors::Header answer = ask(call.limit(limits_.call));
  Outcome outcome = pipe::judge(answer, contract, shape, shared_at);
  if (!pipe::is_shared(answer)) {
    std::size_t follow = 0;
    try {
      follow = safetensors::packed_size(answer);
    } catch (const BadInput& why) {
      give_up({Outcome::Kind::failed, why.what()});
    }
    if (outcome.kind == Outcome::Kind::computed) {
      result_.resize(follow);
      fill(result_);
      places[result] = result_.data();
    } else if (follow <= most_skipped_factor * bytes[result] + most_skipped_beside) {
      skip(follow);
    } else {
      spoiled_ = true;
      return outcome;
    }
  }
  finish_sending();
  expect_silence("");
  if (outcome.kind != Outcome::Kind::computed) return outcome;
  if (shared_at && tensors_.written_before_result()) {
    return {Outcome::Kind::failed, "wrote before the beginning of result"};
  }
  call.load(places[result]);
  tensors_.release_large();
  return outcome;
}

}  // namespace

std::unique_ptr<Subject> open_program(const std::string& command, const SubjectLimits& limits) {
  const std::string shown = "'cmd:" + printable(command, 100) + "'";
  if (command.find_first_not_of(" \t\n") == std::string::npos) {
    throw BadInput("'cmd:' names no program: write 'cmd:PROGRAM ARGUMENTS'");
  }
  try {
    auto host = std::make_unique<PipeHost>(command, limits);
    const pipe::Introduction& said = host->introduction();
    const SubjectCard card{said.name, said.version, "cmd:" + command, said.lines};
    const auto start = [command, limits] { return std::make_unique<PipeHost>(command, limits); };
    return std::make_unique<HostedSubject>(card, start, std::move(host));
  } catch (const StartFailure& failure) {
    throw BadInput(shown + ": " + failure.outcome.detail + (failure.remedy.empty() ? "" : ": " + failure.remedy));
  }
}

}  // namespace lossaudit
