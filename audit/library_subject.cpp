// Subjects of shared libraries, each in a process of its own (library_host.hpp), as the audit sees them.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "audit/child_process.hpp"
#include "audit/declared_subject.hpp"
#include "audit/library_host.hpp"
#include "audit/marshal.hpp"
#include "audit/shared_tensors.hpp"

namespace lossaudit {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t detail_length = 300;
/// What is wrong when a message is none that our side of the child would send.
constexpr std::string_view impostor = "wrote to a descriptor that is not its own";

/// What a library said of one of its subjects, made printable; the contract lines as they came.
struct Listed {
  std::size_t index = 0;
  std::string name, version;
  std::vector<std::string> lines;
  std::string objection;  ///< why it cannot be audited, with the remedy; or ""
};

/// Why a library cannot be used: a sentence for BadInput, or how the child ended.
struct LoadFailure {
  Outcome outcome;
  std::string remedy;
};

struct Limits {
  milliseconds call, load;
};

/// The parent's hold on one child that has loaded the library.
class Host {
 public:
  Host(const std::string& path, const Limits& limits)
      : limits_(limits), child_(tensors_.descriptor(), [&path] { serve_library(path); }) {
    read_listing();
  }

  [[nodiscard]] const std::vector<Listed>& listing() const { return listing_; }
  [[nodiscard]] bool ended() const { return child_.ended(); }
  /// Ended by nobody's fault: with the thread that started it, or killed from outside while it had nothing to do.
  [[nodiscard]] bool was_killed() const { return child_.end().signal == SIGKILL; }
  /// The outcome of a child that ended.
  [[nodiscard]] Outcome crash(std::string_view when) const;
  Outcome call(std::size_t subject, const Contract& contract, const Batch& batch, std::span<double> results);

 private:
  void read_listing();
  void take(const Said& said);
  [[nodiscard]] Outcome hang(milliseconds limit, std::string_view when) const;

  Limits limits_;
  SharedTensors tensors_;
  ChildProcess child_;
  std::vector<Listed> listing_;
  std::uint64_t calls_ = 0;
};

Outcome Host::crash(std::string_view when) const {
  const ChildProcess::End end = child_.end();
  std::string detail = end.text();
  if (end.signal == SIGSEGV || end.signal == SIGBUS) {
    if (const std::string fault = tensors_.fault(); !fault.empty()) detail += " " + fault;
  } else if (end.signal == SIGKILL) {
    detail += " (from outside: out of memory?)";
  }
  detail.append(when);
  if (const std::string words = last_line(child_.said(), 160); !words.empty()) detail += "; its last words: " + words;
  return {Outcome::Kind::crashed, printable(detail, detail_length)};
}

Outcome Host::hang(milliseconds limit, std::string_view when) const {
  std::string detail = "no answer within " + std::to_string(limit.count()) + " ms";
  detail.append(when);
  if (const std::string words = last_line(child_.said(), 160); !words.empty()) detail += "; its last words: " + words;
  return {Outcome::Kind::hung, printable(detail, detail_length)};
}

void Host::read_listing() {
  const ChildProcess::Deadline until = std::chrono::steady_clock::now() + limits_.load;
  while (true) {
    Said said;
    std::size_t size = 0;
    switch (child_.receive(std::as_writable_bytes(std::span(&said, 1)), size, until)) {
      case ChildProcess::Event::message:
        break;
      case ChildProcess::Event::ended:
        throw LoadFailure{crash(" while it was loaded"), "run it under a debugger"};
      case ChildProcess::Event::timeout:
        throw LoadFailure{hang(limits_.load, " while it was loaded"), "loading a library must not wait for anything"};
    }
    if (size != sizeof said || said.length > said.text.size()) {
      throw LoadFailure{{Outcome::Kind::failed, std::string(impostor)}, "write to stderr alone"};
    }
    if (said.kind == Said::Kind::done) break;
    take(said);
  }
  child_.forget_said();
}

void Host::take(const Said& said) {
  const std::string text(said.text.data(), said.length);
  const auto refuse = [](const std::string& what, const std::string& remedy) {
    throw LoadFailure{{Outcome::Kind::failed, what}, remedy};
  };
  const auto refuse_impostor = [&refuse] { refuse(std::string(impostor), "write to stderr alone"); };
  switch (said.kind) {
    case Said::Kind::cannot_load:
      refuse("cannot be loaded (" + printable(text, 200) + ")",
             "give a shared library, with its dependencies installed");
      break;
    case Said::Kind::no_entry:
      refuse("exports no lossaudit_subject_at", "implement audit/subject.h, and give the function C linkage");
      break;
    case Said::Kind::too_many_subjects:
      refuse("has over " + std::to_string(max_subjects) + " subjects", "return NULL past the last index");
      break;
    case Said::Kind::subject:
      if (listing_.size() == max_subjects) refuse_impostor();
      listing_.push_back({.index = listing_.size(), .name = "unnamed", .version = "", .lines = {}, .objection = ""});
      return;
    default:
      break;
  }
  // The child bounds its lists; a library that writes messages of its own is bounded here.
  if (listing_.empty() || listing_.back().lines.size() > max_contract_lines) refuse_impostor();
  Listed& subject = listing_.back();
  switch (said.kind) {
    case Said::Kind::wrong_abi:
      refuse("speaks ABI version " + printable(text, 20) + " where this program speaks " +
                 std::to_string(LOSSAUDIT_ABI_VERSION),
             "build it again with this release's audit/subject.h, and set abi_version to LOSSAUDIT_ABI_VERSION");
      break;
    case Said::Kind::name:
      subject.name = printable(text, max_subject_name);
      if (subject.name.empty()) subject.name = "unnamed";
      break;
    case Said::Kind::version:
      subject.version = printable(text, max_subject_name);
      break;
    case Said::Kind::contract_line:
      subject.lines.push_back(text);
      break;
    case Said::Kind::missing:
      subject.objection = "its field " + printable(text, 20) + " is NULL: fill it (audit/subject.h)";
      break;
    default:
      refuse_impostor();
  }
}

Outcome Host::call(std::size_t subject, const Contract& contract, const Batch& batch, std::span<double> results) {
  Request request{.number = ++calls_,
                  .subject = subject,
                  .contract = contract,
                  .shape = batch.shape,
                  .bytes = tensor_bytes(contract, batch),
                  .layout = {},
                  .result_count = results.size()};
  const TensorPlaces places = tensors_.fit(request.bytes);
  request.layout = tensors_.layout();
  store(contract, batch, places);
  child_.forget_said();
  // A child that no longer takes requests is about to be seen as ended, or waits out its time.
  child_.send(std::as_bytes(std::span(&request, 1)));

  Reply reply;
  std::size_t size = 0;
  switch (child_.receive(std::as_writable_bytes(std::span(&reply, 1)), size,
                         std::chrono::steady_clock::now() + limits_.call)) {
    case ChildProcess::Event::message:
      break;
    case ChildProcess::Event::ended:
      return crash("");
    case ChildProcess::Event::timeout:
      return hang(limits_.call, "");
  }
  if (size != sizeof reply || reply.number != request.number) {
    return {Outcome::Kind::crashed, std::string(impostor)};
  }
  if (reply.kind == Reply::Kind::no_memory) return {Outcome::Kind::failed, "its process has no room for the tensors"};
  if (reply.kind == Reply::Kind::threw) {
    const std::string what = printable({reply.what.data(), strnlen(reply.what.data(), reply.what.size())}, 200);
    return {Outcome::Kind::failed, "threw an exception" + (what.empty() ? "" : ": " + what)};
  }
  if (tensors_.written_before_result()) return {Outcome::Kind::failed, "wrote before the beginning of result"};
  if (reply.status == LOSSAUDIT_OK) {
    load(contract.format, places[static_cast<std::size_t>(Tensor::result)], results);
  }
  tensors_.release_large();
  return outcome_of(reply.status);
}

class LibrarySubject final : public DeclaredSubject {
 public:
  LibrarySubject(std::string path, const Listed& listed, std::string origin, const Limits& limits,
                 std::unique_ptr<Host> host)
      : DeclaredSubject(listed.name, listed.version, std::move(origin), listed.lines),
        path_(std::move(path)),
        index_(listed.index),
        limits_(limits),
        host_(std::move(host)) {}

 private:
  Outcome call(const Contract& contract, const Batch& batch, std::span<double> results) override {
    const std::lock_guard lock(mutex_);
    if (host_ != nullptr && host_->ended()) {
      const std::unique_ptr<Host> gone = std::move(host_);
      if (!gone->was_killed()) return gone->crash(" after its last call had returned");
    }
    try {
      if (host_ == nullptr) host_ = std::make_unique<Host>(path_, limits_);
    } catch (const LoadFailure& failure) {
      return failure.outcome;
    }
    if (index_ >= host_->listing().size()) {
      host_.reset();
      return {Outcome::Kind::failed, "the library no longer has this subject"};
    }
    Outcome outcome = host_->call(index_, contract, batch, results);
    if (outcome.kind == Outcome::Kind::crashed || outcome.kind == Outcome::Kind::hung) host_.reset();
    return outcome;
  }

  std::string path_;
  std::size_t index_;
  Limits limits_;
  std::mutex mutex_;
  std::unique_ptr<Host> host_;  ///< null: to be started at the next call
};

/// "PATH" or "PATH:NAME".
std::pair<std::filesystem::path, std::optional<std::string>> split_path(const std::string& argument) {
  std::error_code ignored;
  const std::size_t colon = argument.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(argument, ignored)) return {argument, std::nullopt};
  return {argument.substr(0, colon), argument.substr(colon + 1)};
}

/// Two subjects of one name could not be told apart in a report.
void make_names_unique(std::vector<Listed>& listing) {
  std::set<std::string> taken;
  for (Listed& subject : listing) {
    const std::string name = subject.name;
    for (int copy = 2; !taken.insert(subject.name).second; ++copy) subject.name = name + "#" + std::to_string(copy);
  }
}

}  // namespace

std::vector<std::unique_ptr<Subject>> open_library(const std::string& argument, milliseconds call_limit,
                                                   milliseconds load_limit) {
  const Limits limits{call_limit, load_limit};
  const auto [path, only] = split_path(argument);
  const std::string shown = printable(path.string(), detail_length);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw BadInput(shown + ": no such file: build it first, or see lossaudit list subjects");
  }
  const std::string absolute = std::filesystem::absolute(path).string();

  std::unique_ptr<Host> host;
  try {
    host = std::make_unique<Host>(absolute, limits);
  } catch (const LoadFailure& failure) {
    throw BadInput(shown + ": " + failure.outcome.detail + ": " + failure.remedy);
  }
  std::vector<Listed> listing = host->listing();
  if (listing.empty()) throw BadInput(shown + ": has no subject: return one for index 0 of lossaudit_subject_at");
  make_names_unique(listing);

  std::vector<std::unique_ptr<Subject>> subjects;
  for (const Listed& listed : listing) {
    if (only && listed.name != *only) continue;
    if (!listed.objection.empty()) throw BadInput(shown + ": " + listed.name + ": " + listed.objection);
    const std::string origin = listing.size() == 1 ? path.string() : path.string() + ":" + listed.name;
    // The child that gave the list serves the first; the others start their own when they are first called.
    subjects.push_back(std::make_unique<LibrarySubject>(absolute, listed, origin, limits, std::move(host)));
  }
  if (subjects.empty()) {
    std::vector<std::string> names;
    for (const Listed& listed : listing) names.push_back(listed.name);
    std::string nearest;
    for (const std::string& name : nearest_names(*only, names)) nearest += (nearest.empty() ? "" : ", ") + name;
    throw BadInput(shown + ": has no subject '" + printable(*only, max_subject_name) + "': did you mean " + nearest +
                   "?");
  }
  return subjects;
}

}  // namespace lossaudit
