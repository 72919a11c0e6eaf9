#include "audit/hosted_subject.hpp"

#include <csignal>
#include <utility>

namespace lossaudit {

bool SubjectHost::was_killed() const { return child().end().signal == SIGKILL; }

std::string SubjectHost::with_last_words(std::string detail) const {
  if (const std::string words = last_line(child().said(), 160); !words.empty()) detail += "; its last words: " + words;
  return printable(detail, longest_detail);
}

Outcome SubjectHost::crash(std::string_view when) const {
  const ChildProcess::End end = child().end();
  std::string detail = end.text();
  if (const std::string excess = child().excess(); !excess.empty()) {
    return {Outcome::Kind::crashed, with_last_words("stopped by its limits: it " + excess + std::string(when))};
  }
  if (end.signal == SIGSEGV || end.signal == SIGBUS) {
    if (const std::string what = fault(); !what.empty()) detail += " " + what;
  } else if (end.signal == SIGKILL) {
    detail += " (from outside: out of memory?)";
  }
  detail.append(when);
  return {Outcome::Kind::crashed, with_last_words(std::move(detail))};
}

Outcome SubjectHost::hang(std::chrono::milliseconds limit, std::string_view when) const {
  std::string detail = "no answer within " + std::to_string(limit.count()) + " ms";
  detail.append(when);
  return {Outcome::Kind::hung, with_last_words(std::move(detail))};
}

HostedSubject::HostedSubject(const SubjectCard& card, StartHost start, std::unique_ptr<SubjectHost> host)
    : DeclaredSubject(card.name, card.version, card.origin, card.lines),
      start_(std::move(start)),
      host_(std::move(host)) {}

Outcome HostedSubject::call(const SubjectCall& call) {
  const std::lock_guard lock(mutex_);
  if (host_ != nullptr && host_->ended()) {
    const std::unique_ptr<SubjectHost> gone = std::move(host_);
    if (!gone->was_killed()) return gone->crash(" after its last call had returned");
  }
  try {
    if (host_ == nullptr) host_ = start_();
  } catch (const StartFailure& failure) {
    return failure.outcome;
  }
  Outcome outcome = host_->call(call);
  if (outcome.kind == Outcome::Kind::crashed || outcome.kind == Outcome::Kind::hung || host_->is_spoiled()) {
    host_.reset();
  }
  return outcome;
}

}  // namespace lossaudit
