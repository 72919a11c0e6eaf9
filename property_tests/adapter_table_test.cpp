// The table of bundled adapters: what it names is there, and what is not there has a remedy that works.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "audit/bundled_adapters.hpp"
#include "audit/subject.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;
using Kind = BundledAdapter::Kind;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// debian-packages.txt: the parts of the project that need each package.
std::multimap<std::string, std::string> listed_packages() {
  std::multimap<std::string, std::string> listed;
  std::istringstream lines(text_of(fs::path(SOURCES) / "debian-packages.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    if (std::string package, part; words >> package >> part) listed.emplace(package, part);
  }
  return listed;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  return text;
}

TEST(AdapterTable, ProgramsAreBuiltAndLibrariesToo) {
  for (const BundledAdapter& adapter : bundled_adapters()) {
    const AdapterState state = state_of(adapter);
    // Without a library to link to, there is none to build.
    if (adapter.kind == Kind::library && !adapter.packages.empty() && state.file.empty()) continue;
    EXPECT_TRUE(fs::is_regular_file(state.file)) << adapter.name;
  }
}

TEST(AdapterTable, WhatIsNotThereIsInstalledByALine) {
  setenv("LOSSAUDIT_ADAPTERS", "", 1);
  for (const BundledAdapter& adapter : bundled_adapters()) {
    BundledAdapter missing = adapter;
    missing.peer = "lossaudit-no-such-peer";
    if (adapter.kind == Kind::library) missing.file = "no-such-file.so";
    const AdapterState state = state_of(missing);
    EXPECT_FALSE(state.ready()) << adapter.name;
    switch (adapter.kind) {
      case Kind::library:
        EXPECT_EQ(state.remedy, adapter.packages.empty()
                                    ? "make adapters"
                                    : "sudo apt-get install " + std::string(adapter.packages) + " && make adapters");
        break;
      case Kind::python:
        EXPECT_EQ(state.remedy, "sudo apt-get install " + std::string(adapter.packages));
        break;
      case Kind::node:
        EXPECT_NE(state.remedy.find("npm install --ignore-scripts --prefix "), std::string::npos) << state.remedy;
        break;
    }
  }
}

/// A folder of adapters, of Python's packages and of npm's.
class InstalledPeer : public testing::Test {
 protected:
  void SetUp() override { setenv("LOSSAUDIT_ADAPTERS", folder_.c_str(), 1); }
  void TearDown() override {
    unsetenv("LOSSAUDIT_ADAPTERS");
    setenv("HOME", home_.c_str(), 1);
    fs::remove_all(folder_);
  }
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  fs::path folder_ = fs::path(testing::TempDir()) / ("lossaudit_peers_" + std::to_string(getpid()));
  std::string home_ = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
};

TEST_F(InstalledPeer, PythonDistributionsAreFoundByTheirNormalisedName) {
  BundledAdapter adapter{"mine", "", Kind::python, "mine/mine.py", "", "python3-mine", "My.Test-Peer"};
  write("mine/mine.py", "");
  setenv("HOME", folder_.c_str(), 1);
  EXPECT_EQ(state_of(adapter).remedy, "sudo apt-get install python3-mine");
  write(".local/lib/python3.11/site-packages/my_test_peer-9.10.1.dist-info/METADATA", "");
  EXPECT_EQ(state_of(adapter).version, "9.10.1");
  adapter.peer = "my";
  EXPECT_EQ(state_of(adapter).version, "");
}

TEST_F(InstalledPeer, NpmPackagesAreFoundWhereNodeFindsThem) {
  const BundledAdapter adapter{"mine", "", Kind::node, "mine/mine.mjs", "wasm", "nodejs npm", "@scope/peer"};
  write("mine/mine.mjs", "");
  EXPECT_NE(state_of(adapter).remedy.find("npm install --ignore-scripts --prefix"), std::string::npos);
  write("node_modules/@scope/peer/package.json", R"({"version": "4.22.0"})");
  EXPECT_EQ(state_of(adapter).version, "4.22.0");
  write("node_modules/@scope/peer/package.json", R"({"version": 4})");
  EXPECT_EQ(state_of(adapter).version, "");
  EXPECT_EQ(command_of(adapter, "/a b/mine.mjs"), "node '/a b/mine.mjs' wasm");
}

TEST(AdapterTable, ItsPackagesAreListed) {
  const auto listed = listed_packages();
  const auto npm = nlohmann::json::parse(text_of(fs::path(SOURCES) / "adapters" / "package.json"));
  for (const BundledAdapter& adapter : bundled_adapters()) {
    std::istringstream packages{std::string(adapter.packages)};
    for (std::string package; packages >> package;) {
      bool with_peers = false;
      for (auto [at, end] = listed.equal_range(package); at != end; ++at) {
        with_peers = with_peers || at->second == "audit" || at->second == "peers";
      }
      EXPECT_TRUE(with_peers) << package << " is needed by " << adapter.name << ": list it in debian-packages.txt";
    }
    if (adapter.kind == Kind::node) {
      EXPECT_TRUE(npm["dependencies"].contains(adapter.peer)) << adapter.peer;
    }
  }
}

TEST(AdapterTable, ListSubjectsShowsAllOfIt) {
  const std::string text = output_of(std::string(LOSSAUDIT) + " list subjects");
  for (const KnownSubject& known : known_subjects()) {
    const std::size_t at = text.find("\n" + known.name + " ");
    ASSERT_TRUE(at != std::string::npos || text.starts_with(known.name + " ")) << known.name;
    const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    EXPECT_NE(line.find(known.ready ? known.version : known.remedy), std::string::npos) << line;
  }
}

TEST(AdapterTable, MakeAuditsAllOfIt) {
  const std::string makefile = text_of(fs::path(SOURCES) / "Makefile");
  std::istringstream words(makefile.substr(makefile.find("\npeers := ") + 10));
  std::string line, names;
  std::getline(words, line);
  names = " " + line + " plain eigen onednn ";
  for (const BundledAdapter& adapter : bundled_adapters()) {
    EXPECT_NE(names.find(" " + std::string(adapter.name) + " "), std::string::npos)
        << adapter.name << " is not among the Makefile's peers";
  }
}

}  // namespace
}  // namespace lossaudit
