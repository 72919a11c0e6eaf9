// Calls of subjects that misbehave unless the first input is 0 (then they give 1/2), and what is left of their processes.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "audit/subject.hpp"

namespace lossaudit::faults {

inline const Contract& sigmoid() {
  static const Contract contract = parse_contract("sigmoid exact f64 forward");
  return contract;
}

inline Outcome call(Subject& subject, const std::vector<double>& inputs, std::vector<double>& results) {
  Batch batch;
  batch.output = inputs;
  batch.shape = {1, inputs.size(), 1};
  results.assign(inputs.size(), -1);
  return subject.compute(sigmoid(), batch, results);
}

inline Outcome misbehave(Subject& subject) {
  std::vector<double> results;
  return call(subject, {1, 2, 3}, results);
}

inline void expect_works(Subject& subject) {
  std::vector<double> results;
  const Outcome outcome = call(subject, {0, 1, 2}, results);
  EXPECT_EQ(outcome.kind, Outcome::Kind::computed) << outcome.detail;
  EXPECT_EQ(results, std::vector<double>(3, 0.5));
}

/// Gone, or a zombie that nobody reaps (an orphan where there is no init).
inline bool is_gone(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t state = text.rfind(')');
  return state == std::string::npos || text.compare(state, 3, ") Z") == 0;
}

inline bool goes_soon(int pid) {
  for (int i = 0; i < 200 && !is_gone(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return is_gone(pid);
}

/// Processes whose parent is `parent`.
inline std::vector<int> children_of(int parent) {
  std::vector<int> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t state = text.rfind(") ");
    if (state != std::string::npos && std::atoi(text.c_str() + state + 4) == parent) {
      children.push_back(std::stoi(entry.path().filename()));
    }
  }
  return children;
}

/// The one child that an audit has while `hang` runs in it ends when the audit is killed.
inline void expect_the_child_dies_with_the_audit(const std::function<void()>& hang) {
  const pid_t audit = fork();
  if (audit == 0) {
    hang();
    _exit(0);
  }
  std::vector<int> children;
  for (int i = 0; i < 500 && children.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    children = children_of(audit);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // into the call
  kill(audit, SIGKILL);
  waitpid(audit, nullptr, 0);
  ASSERT_EQ(children.size(), 1U);
  EXPECT_TRUE(goes_soon(children[0]));
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// After `use` this process has the descriptors that it had before, and no children.
inline void expect_nothing_is_left_behind(const std::function<void()>& use) {
  const std::size_t before = open_descriptors();
  use();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace lossaudit::faults
