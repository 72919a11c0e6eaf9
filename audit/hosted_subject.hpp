// A subject that lives in a child process: started when it is called, and started again after it crashed or hung.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "audit/child_process.hpp"
#include "audit/declared_subject.hpp"

namespace lossaudit {

inline constexpr std::size_t longest_detail = 300;  ///< characters of an outcome's detail

/// Why a child is of no use: how its start ended, and the remedy to name.
struct StartFailure {
  Outcome outcome;
  std::string remedy;
};

/// The parent's hold on one running child that computes.
class SubjectHost {
 public:
  SubjectHost() = default;
  SubjectHost(const SubjectHost&) = delete;
  SubjectHost& operator=(const SubjectHost&) = delete;
  virtual ~SubjectHost() = default;

  virtual Outcome call(const SubjectCall& call) = 0;
  /// Nothing that the child says from now on can be relied on: it is to be replaced.
  [[nodiscard]] virtual bool is_spoiled() const { return false; }

  [[nodiscard]] bool ended() const { return child().ended(); }
  /// Ended by nobody's fault: with the thread that started it, or killed from outside while it had nothing to do.
  [[nodiscard]] bool was_killed() const;
  /// The outcome of a child that ended: how, `when` (" while it was loaded") and its last words.
  [[nodiscard]] Outcome crash(std::string_view when) const;
  /// The outcome of a child that let the time limit pass.
  [[nodiscard]] Outcome hang(std::chrono::milliseconds limit, std::string_view when) const;
  /// `detail` with the child's last words, if it has any, made printable and cut to longest_detail.
  [[nodiscard]] std::string with_last_words(std::string detail) const;

 private:
  [[nodiscard]] virtual const ChildProcess& child() const = 0;
  /// What the child's memory fault was, or "".
  [[nodiscard]] virtual std::string fault() const { return ""; }
};

/// What starts a subject's child; throws StartFailure.
using StartHost = std::function<std::unique_ptr<SubjectHost>()>;

/// What a subject says of itself, made printable; the contract lines as they came.
struct SubjectCard {
  std::string name, version, origin;
  std::vector<std::string> lines;
};

class HostedSubject final : public DeclaredSubject {
 public:
  /// `host`: the child for the first call; null: to be started then.
  HostedSubject(const SubjectCard& card, StartHost start, std::unique_ptr<SubjectHost> host);

 private:
  Outcome call(const SubjectCall& call) override;

  StartHost start_;
  std::mutex mutex_;
  std::unique_ptr<SubjectHost> host_;  ///< null: to be started at the next call
};

}  // namespace lossaudit
