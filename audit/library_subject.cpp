// Subjects of shared libraries, each in a process of its own (library_host.hpp), as the audit sees them.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "audit/hosted_subject.hpp"
#include "audit/library_host.hpp"
#include "audit/marshal.hpp"
#include "audit/shared_tensors.hpp"

namespace lossaudit {
namespace {

/// What is wrong when a message is none that our side of the child would send.
constexpr std::string_view impostor = "wrote to a descriptor that is not its own";

/// What a library said of one of its subjects, made printable; the contract lines as they came.
struct Listed {
  std::size_t index = 0;
  std::string name, version;
  std::vector<std::string> lines;
  std::string objection;  ///< why it cannot be audited, with the remedy; or ""
};

/// The parent's hold on one child that has loaded the library.
class Host final : public SubjectHost {
 public:
  Host(const std::string& path, const SubjectLimits& limits)
      : limits_(limits), child_(tensors_.descriptor(), limits.resources, [&path] { serve_library(path); }) {
    read_listing();
  }

  [[nodiscard]] const std::vector<Listed>& listing() const { return listing_; }
  /// From now on calls go to the subject of this index.
  void choose(std::size_t subject);
  Outcome call(const SubjectCall& call) override;

 private:
  [[nodiscard]] const ChildProcess& child() const override { return child_; }
  [[nodiscard]] std::string fault() const override { return tensors_.fault(); }
  void read_listing();
  void take(const Said& said);

  SubjectLimits limits_;
  SharedTensors tensors_;
  ChildProcess child_;
  std::vector<Listed> listing_;
  std::size_t subject_ = 0;
  std::uint64_t calls_ = 0;
};

void Host::choose(std::size_t subject) {
  if (subject >= listing_.size()) {
    throw StartFailure{{Outcome::Kind::failed, "the library no longer has this subject"}, "leave it as it is"};
  }
  subject_ = subject;
}

void Host::read_listing() {
  const ChildProcess::Deadline until = std::chrono::steady_clock::now() + limits_.start;
  while (true) {
    Said said;
    std::size_t size = 0;
    switch (child_.receive(std::as_writable_bytes(std::span(&said, 1)), size, until)) {
      case ChildProcess::Event::message:
        break;
      case ChildProcess::Event::ended:
        throw StartFailure{crash(" while it was loaded"), "run it under a debugger"};
      case ChildProcess::Event::timeout:
        throw StartFailure{hang(limits_.start, " while it was loaded"), "loading a library must not wait for anything"};
    }
    if (size != sizeof said || said.length > said.text.size()) {
      throw StartFailure{{Outcome::Kind::failed, std::string(impostor)}, "write to stderr alone"};
    }
    if (said.kind == Said::Kind::done) break;
    take(said);
  }
  child_.forget_said();
}

void Host::take(const Said& said) {
  const std::string text(said.text.data(), said.length);
  const auto refuse = [](const std::string& what, const std::string& remedy) {
    throw StartFailure{{Outcome::Kind::failed, what}, remedy};
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

Outcome Host::call(const SubjectCall& call) {
  Request request{.number = ++calls_,
                  .subject = subject_,
                  .contract = call.contract(),
                  .shape = call.shape(),
                  .bytes = call.bytes(),
                  .layout = {},
                  .result_count = call.result_count(),
                  .times = call.times() == nullptr ? CallTimes() : *call.times()};
  const TensorPlaces places = tensors_.fit(request.bytes);
  request.layout = tensors_.layout();
  call.store(places);
  child_.forget_said();
  // A child that no longer takes requests is about to be seen as ended, or waits out its time.
  child_.send(std::as_bytes(std::span(&request, 1)));

  Reply reply;
  std::size_t size = 0;
  const std::chrono::milliseconds limit = call.limit(limits_.call);
  switch (
      child_.receive(std::as_writable_bytes(std::span(&reply, 1)), size, std::chrono::steady_clock::now() + limit)) {
    case ChildProcess::Event::message:
      break;
    case ChildProcess::Event::ended:
      return crash("");
    case ChildProcess::Event::timeout:
      return hang(limit, "");
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
  if (reply.status == LOSSAUDIT_OK) call.load(places[static_cast<std::size_t>(Tensor::result)]);
  tensors_.release_large();
  if (call.times() != nullptr) {
    *call.times() = reply.times;
    call.times()->timed =
        std::min<std::uint64_t>(reply.times.timed, CallTimes::most);  // what a stranger's process says
  }
  return outcome_of(reply.status);
}

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

std::vector<std::unique_ptr<Subject>> open_library(const std::string& argument, const SubjectLimits& limits) {
  const auto [path, only] = split_path(argument);
  const std::string shown = printable(path.string(), longest_detail);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw BadInput(shown + ": no such file: build it first, or see lossaudit list subjects");
  }
  const std::string absolute = std::filesystem::absolute(path).string();

  std::unique_ptr<Host> host;
  try {
    host = std::make_unique<Host>(absolute, limits);
  } catch (const StartFailure& failure) {
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
    const auto start = [absolute, limits, index = listed.index] {
      auto started = std::make_unique<Host>(absolute, limits);
      started->choose(index);
      return started;
    };
    // The child that gave the list serves the first; the others start their own when they are first called.
    if (host != nullptr) host->choose(listed.index);
    const SubjectCard card{listed.name, listed.version, origin, listed.lines};
    subjects.push_back(std::make_unique<HostedSubject>(card, start, std::exchange(host, nullptr)));
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
