// The program as a user meets it: exit statuses, one line for every mistake, and what it leaves behind.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "audit/record.hpp"
#include "reference/contract.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Finished {
  int status;
  std::string out, err;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Program : public testing::Test {
 protected:
  Program() : folder_(fs::path(testing::TempDir()) / ("lossaudit_program_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Program() override { fs::remove_all(folder_); }

  [[nodiscard]] Finished run(const std::string& arguments) const {
    const std::string command = std::string(LOSSAUDIT) + " " + arguments + " >" + (folder_ / "out").string() + " 2>" +
                                (folder_ / "err").string() + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(folder_ / "out"), text_of(folder_ / "err")};
  }

  void expect_mistake(const std::string& arguments, const std::string& part) const {
    const Finished result = run(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << arguments << ": " << result.err;
    EXPECT_EQ(result.err.substr(0, 11), "lossaudit: ") << arguments;
    EXPECT_NE(result.err.find(part), std::string::npos) << arguments << ": " << result.err;
  }

  fs::path folder_;
};

TEST_F(Program, MistakesGetOneLineThatNamesTheRemedy) {
  expect_mistake("", "lossaudit --help");
  expect_mistake("adit fast", "audit");
  expect_mistake("--frobnicate", "--frobnicate");
  expect_mistake("audit", "SUBJECT");
  expect_mistake("audit fst", "fast");
  expect_mistake("audit fast --function sigmod", "sigmoid");
  expect_mistake("audit fast --format f23", "f32");
  expect_mistake("audit fast --dialect keras", "keras1");
  expect_mistake("audit fast --pass backward", "forward");
  expect_mistake("audit fast --profile faithfull", "faithful");
  expect_mistake("audit fast --gate fst", "fast");
  expect_mistake("audit fast fast", "twice");
  expect_mistake("audit fast --time soon", "soon");
  expect_mistake("audit fast --seed minus", "minus");
  expect_mistake("audit fast --thorough", "--thorough");
  expect_mistake("audit fast --exhaustive --time 1s", "--time");
  expect_mistake("audit fast --function logit --dialect keras1", "nothing to audit");
  expect_mistake("audit ./no_such_library.so", "no_such_library.so");
  expect_mistake("audit fast --contract 'relu exact f32 forward' --function relu", "--function");
  expect_mistake("audit fast --contract 'relu exact f32 forward' --contract 'relu exact f32 gradient' --case output=1",
                 "--contract once");
  expect_mistake("audit fast --case output=1", "--contract");
  expect_mistake("audit fast --contract 'relu exact f32' --case output=1", "FUNCTION DIALECT FORMAT PASS");
  expect_mistake("audit fast --contract 'relu exact f32 forward' --case output=one", "'one'");
  expect_mistake("audit fast --contract 'relu exact f32 forward' --case @no_such_file", "no_such_file");
  expect_mistake("audit fast --contract 'binary_crossentropy torch f32 forward' --case 'output=0.5 target=1'",
                 "supports");
  expect_mistake("reference", "FUNCTION");
  expect_mistake("reference sigmoid", "--output");
  expect_mistake("reference sigmod --output 1", "sigmoid");
  expect_mistake("reference sigmoid --output x", "'x'");
  expect_mistake("reference sigmoid --output 1 --target 1", "target");
  expect_mistake("reference sigmoid --output 1 --digits 0", "digits");
  expect_mistake("reference sigmoid --output 1 --pos-weight 2", "pos_weight");
  expect_mistake("reference softmax --output 1,2,3,4,5,6 --shape 2x3 --axis 2", "axis 2 is out of range for rank 2");
  expect_mistake("reference softmax --output 1,2 --axis 1", "axis 1 is out of range for rank 1");
  expect_mistake("reference softmax --output 1,2 --shape 2x", "--shape");
  expect_mistake("reference softmax --output 1,2 --shape 3", "output has 2");
  expect_mistake("report no_such.json -o " + folder_.string(), "no_such.json");
  expect_mistake("report", "RUN.json");
  expect_mistake("list", "dialects");
  expect_mistake("list things", "functions");
  expect_mistake("conform", "SUBJECT");
  expect_mistake("bench", "SUBJECT");
  expect_mistake("bench fst", "fast");
  expect_mistake("bench fast --shape 3by4", "ROWSxCLASSES");
  expect_mistake("bench fast --repetitions 0", "repetitions");
  expect_mistake("bench fast --function sigmoid --dialect keras1", "declares");
}

TEST_F(Program, HelpAndListsAreNoMistakes) {
  for (const char* arguments :
       {"--help", "--version", "audit --help", "conform --help", "bench --help", "reference --help", "report --help",
        "list --help", "list functions", "list dialects", "list profiles", "list subjects", "list formats"}) {
    const Finished result = run(arguments);
    EXPECT_EQ(result.status, 0) << arguments;
    EXPECT_FALSE(result.out.empty()) << arguments;
    EXPECT_EQ(result.err, "") << arguments;
  }
  EXPECT_NE(run("list functions").out.find("sparse_categorical_crossentropy"), std::string::npos);
  EXPECT_NE(run("list formats").out.find("2.2250738585072014e-308"), std::string::npos);
}

TEST_F(Program, BenchLeavesARecordThatAReportTakesBesideAnAudits) {
  const std::string speed = (folder_ / "speed").string(), audit = (folder_ / "audit").string();
  const Finished timed = run("bench fast plain --function sigmoid --shape 64 --repetitions 2 -o " + speed);
  EXPECT_EQ(timed.status, 0) << timed.err;
  EXPECT_NE(timed.out.find("times the bandwidth limit"), std::string::npos) << timed.out;
  const RunRecord record = load_record(folder_ / "speed" / "run.json");
  ASSERT_EQ(record.speed.size(), 2U);
  EXPECT_EQ(record.speed[0].subject, "fast");
  EXPECT_EQ(record.speed[1].subject, "plain");
  EXPECT_NE(record.command.find("bench fast plain"), std::string::npos);
  EXPECT_NE(run("audit fast plain --function sigmoid --format f32 -o " + audit).status, 2);
  EXPECT_EQ(run("report " + audit + "/run.json " + speed + "/run.json -o " + (folder_ / "both").string()).status, 0);
  EXPECT_NE(text_of(folder_ / "both" / "report.md").find("Time and error"), std::string::npos);
}

TEST_F(Program, AFolderThatCannotBeWrittenIsToldBeforeAnyWork) {
  std::ofstream(folder_ / "file") << "in the way";
  expect_mistake("audit fast -o " + (folder_ / "file" / "report").string(), "cannot write");
  // Nothing was opened either: the folder comes before the subjects.
  expect_mistake("audit no_such_subject -o " + (folder_ / "file").string(), "cannot write");
}

TEST_F(Program, ReferenceTakesNegativeNumbersAndPrintsEveryFormat) {
  const Finished result = run("reference sigmoid --output -103.97 --digits 40");
  EXPECT_EQ(result.status, 0) << result.err;
  // mpmath 1.3: 1/(1 + exp(103.97)) at the binary64 nearest to 103.97.
  EXPECT_NE(result.out.find("7.02106051911127417602817390813690713660"), std::string::npos) << result.out;
  for (const FormatTraits& t : format_table) EXPECT_NE(result.out.find(std::string(t.name)), std::string::npos);
  EXPECT_NE(result.out.find("0x1p-149"), std::string::npos) << "the f32 rounding is the smallest subnormal";
  EXPECT_NE(result.out.find("enclosure"), std::string::npos);
  EXPECT_EQ(run("reference relu --output -inf,-0x1p-3,-1e-3").status, 0);
}

TEST_F(Program, ReferenceTakesEveryFunctionAndOption) {
  for (
      const char* arguments :
      {"relu --output -1", "sigmoid --output 1", "log_sigmoid --output 1", "softplus --output 1", "logit --output 0.25",
       "softmax --output 1,2,3", "log_softmax --output 1,2,3,4,5,6 --shape 2x3 --axis 0", "logsumexp --output 0,-40",
       "binary_crossentropy --output -2 --target 1 --from-logits --pos-weight 2 --label-smoothing 0.1",
       "binary_crossentropy --output 1 --target 1 --dialect keras1 --epsilon 1e-9 --format f32",
       "categorical_crossentropy --output 0.5,0.25,0.25 --target 1,0,0 --class-weights 1,2,3",
       "sparse_categorical_crossentropy --output 1,2,3,4 --shape 2x2 --target 0,1 --from-logits --reduction mean",
       "sparse_categorical_crossentropy --output 1,2,3,4 --shape 2x2 --labels 0,-100 --from-logits --ignore-index -100",
       "mean_squared_error --output 1,2 --target 0,0 --sample-weights 2",
       "cross_entropy_error --output 0.5,0.5 --target 0,1"}) {
    const Finished result = run(std::string("reference ") + arguments);
    EXPECT_EQ(result.status, 0) << arguments << ": " << result.err;
    EXPECT_NE(result.out.find("exact"), std::string::npos) << arguments;
  }
}

TEST_F(Program, ReferenceSpeaksJson) {
  const Finished result = run("reference softmax --output 0,0 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.at("results").size(), 2U);
  EXPECT_EQ(json.at("results")[0].at("f16").at("hex"), "0x1p-1");
  EXPECT_EQ(json.at("contract"), "softmax exact f64 forward");
}

TEST_F(Program, ReferenceTakesThePassAndItsUpstream) {
  const Finished result = run("reference softmax --output 0,0 --pass gradient --upstream 4,0 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("contract"), "softmax exact f64 gradient");
  EXPECT_EQ(json.at("results")[0].at("exact"), "1");
  EXPECT_EQ(json.at("results")[1].at("exact"), "-1");
  expect_mistake("reference softmax --output 0,0 --pass backward", "gradient");
  expect_mistake("reference softmax --output 0,0 --upstream 1,1", "upstream");
}

TEST_F(Program, ReferenceShowsWhatEveryDialectAnswers) {
  const std::string arguments = "reference binary_crossentropy --output 0 --target 1 --format f32 --dialect all";
  const Finished text = run(arguments);
  ASSERT_EQ(text.status, 0) << text.err;
  // Published: 16.11810 by one ε, 15.42495 by two (keras#15249), 100 by PyTorch's floor.
  for (const char* part :
       {"keras1   16.11809", "keras2   15.42494", "torch    100 ", "not defined in tf, optax, onnx"}) {
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " in\n" << text.out;
  }
  const Finished result = run(arguments + " --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("dialects").size(), dialects().size());
  EXPECT_EQ(json.at("dialects")[0].at("results")[0].at("gap").at("ulp"), 0);
  EXPECT_EQ(json.at("dialects")[1].at("results")[0].at("gap").at("ulp"), "inf");
}

TEST_F(Program, CertifyGoesOnFromItsFile) {
  const std::string file = (folder_ / "certificate.json").string();
  const std::string command = "certify 'logit f32 gradient' -o " + file + " --shard ";
  const Finished first = run(command + "1/2048");
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out.find("holds on 2 of 4096"), std::string::npos) << first.out;
  EXPECT_EQ(run(command + "1/2048").out, first.out) << "nothing is done twice";
  const Finished more = run(command + "2/2048");
  EXPECT_NE(more.out.find("holds on 4 of 4096"), std::string::npos) << more.out;
  EXPECT_EQ(run("merge " + file).out, more.out);
  expect_mistake("certify 'logit f32 gradient' --judge intervals -o " + file, "another judge");
  expect_mistake("certify --shard 0/4", "--shard");
  expect_mistake("certify --judge hearsay", "intervals");
  expect_mistake("certify sigmod", "sigmoid");
}

TEST_F(Program, AnAuditLeavesItsRecordAndReports) {
  const fs::path report = folder_ / "report";
  const Finished result = run("audit fast --function relu,sigmoid --format f32 --time 1s -o " + report.string());
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* name : {"run.json", "report.md", "index.html", "junit.xml"})
    EXPECT_TRUE(fs::exists(report / name)) << name;
  EXPECT_FALSE(fs::exists(report / "cases")) << "no case was too long for a command line";
  EXPECT_NE(result.out.find("index.html"), std::string::npos);
  const RunRecord record = load_record(report / "run.json");
  EXPECT_EQ(record.command,
            "lossaudit audit fast --function relu,sigmoid --format f32 --time 1s -o " + report.string());
  EXPECT_EQ(record.profile, "faithful");
  EXPECT_EQ(record.started.size(), 20U);
  EXPECT_FALSE(record.tool_revision.empty());
  ASSERT_EQ(record.accuracy.size(), 2U);
  EXPECT_EQ(record.accuracy[1].function, "sigmoid");
  EXPECT_EQ(record.accuracy[1].verdict, "conforms");

  const fs::path again = folder_ / "again";
  EXPECT_EQ(run("report " + (report / "run.json").string() + " -o " + again.string()).status, 0);
  EXPECT_EQ(text_of(again / "report.md"), text_of(report / "report.md"));
}

TEST_F(Program, FindingsExitWith1AndReplay) {
  const fs::path report = folder_ / "report";
  const Finished result = run("audit plain --function sigmoid,softmax --format f32 -o " + report.string());
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_EQ(run("audit fast plain --gate fast --function sigmoid --format f32").status, 0);
  const RunRecord record = load_record(report / "run.json");
  std::size_t replayed = 0;
  const auto expect_finding = [&](const std::string& replay) {
    ASSERT_EQ(replay.substr(0, 10), "lossaudit ");
    const Finished again = run(replay.substr(10));
    EXPECT_EQ(again.status, 1) << replay << "\n" << again.out << again.err;
    EXPECT_NE(again.out.find("finding"), std::string::npos);
    ++replayed;
  };
  for (const Accuracy& accuracy : record.accuracy) {
    if (accuracy.max_ulp > accuracy.budget_ulp) expect_finding(accuracy.worst.replay);
    for (const RuleResult& rule : accuracy.rules) {
      if (rule.broken > 0 && rule.required) expect_finding(rule.worst.replay);
    }
  }
  EXPECT_GE(replayed, 3U);
}

TEST_F(Program, ABaselineFailsOnlyOnWhatGotWorse) {
  const std::string audit = "audit plain --function sigmoid --format f32 ";
  const std::string baseline = (folder_ / "then" / "run.json").string();
  EXPECT_EQ(run(audit + "--seed 7 -o " + (folder_ / "then").string()).status, 1);
  const Finished same = run(audit + "--baseline " + baseline + " -o " + (folder_ / "now").string());
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  EXPECT_NE(same.out.find("known: plain sigmoid exact f32 forward: off by"), std::string::npos) << same.out;
  EXPECT_NE(same.out.find("as in the baseline " + baseline), std::string::npos) << same.out;
  EXPECT_EQ(load_record(folder_ / "now" / "run.json").seed, 7U) << "the baseline's, so that the inputs are the same";

  RunRecord better = load_record(baseline);
  for (Accuracy& accuracy : better.accuracy) accuracy.max_ulp /= 4;
  save_record(better, folder_ / "better.json");
  const Finished worse = run(audit + "--baseline " + (folder_ / "better.json").string());
  EXPECT_EQ(worse.status, 1) << worse.out;
  EXPECT_NE(worse.out.find("worse: plain sigmoid exact f32 forward: "), std::string::npos) << worse.out;
  EXPECT_NE(worse.out.find("in the baseline: 4 times as large\n"), std::string::npos) << worse.out;

  expect_mistake(audit + "--profile torch --baseline " + baseline, "a baseline of profile faithful");
  expect_mistake(audit + "--baseline " + (folder_ / "none.json").string(), "none.json");
  std::ofstream(folder_ / "no.json") << "{\"schema\": 3}";
  expect_mistake(audit + "--baseline " + (folder_ / "no.json").string(), "not a run record");
}

TEST_F(Program, ExpectedFindingsFailNobodyAndGoWhenTheyAreGone) {
  const std::string file = (folder_ / "known.txt").string();
  const std::string audit = "audit plain --function sigmoid --format f32 --expected " + file;
  const auto expecting = [&](const std::string& lines) {
    std::ofstream(file) << lines;
    return run(audit + " -o " + (folder_ / "report").string());
  };
  const std::string line = "plain | sigmoid exact f32 forward | exceeds 3e6 ulp | e^-x overflows below -88";
  const Finished known = expecting("# known\n" + line + "\n");
  EXPECT_EQ(known.status, 0) << known.out << known.err;
  EXPECT_NE(known.out.find("expected: e^-x overflows below -88"), std::string::npos) << known.out;
  for (const char* name : {"report.md", "index.html", "junit.xml"}) {
    EXPECT_NE(text_of(folder_ / "report" / name).find("overflows below -88"), std::string::npos) << name;
  }
  const Finished worse = expecting("plain | sigmoid | exceeds 1e6 ulp | e^-x overflows below -88");
  EXPECT_EQ(worse.status, 1);
  EXPECT_NE(worse.out.find(file + ":1 expects up to 1e+06"), std::string::npos) << worse.out;
  const Finished gone =
      expecting(line + "\nplain | sigmoid | breaks finite | since 1.0\nother | relu | crashes | rows\n");
  EXPECT_EQ(gone.status, 1);
  EXPECT_NE(gone.out.find("no longer occurs: remove the line " + file + ":2: plain | sigmoid | breaks finite\n"),
            std::string::npos)
      << gone.out;
  EXPECT_EQ(gone.err, "lossaudit: " + file + ": 1 of 3 lines concern nothing that was audited\n");

  std::ofstream(file) << line << "\nplain | sigmod | crashes | rows\n";
  expect_mistake(audit, file + ":2: unknown function 'sigmod': did you mean sigmoid");
  std::ofstream(file) << line.substr(0, line.rfind('|'));
  expect_mistake(audit, file + ":1: expected SUBJECT |");
  expect_mistake(audit + "x", "cannot be read");
  expect_mistake("audit plain --expected " + file + " --contract 'sigmoid exact f32 forward' --case output=1",
                 "--expected");
}

TEST_F(Program, AProfileIsNamedAndShownWithWhatItLetsPass) {
  const Finished list = run("list profiles");
  for (const char* part : {"webnn: ", "benchdnn: ", "3 ulp + 3 ulp a class", "any from 682 on", "1e-07 + 0.001 |exact|",
                           "1e-05 + 1.3e-06 |exact|"}) {
    EXPECT_NE(list.out.find(part), std::string::npos) << part << " in\n" << list.out;
  }
  const Finished result =
      run("audit plain --function sigmoid --format f32 --profile onnx -o " + (folder_ / "onnx").string());
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("a computed 0 passes for exact results: f32 up to 1.01e-7"), std::string::npos)
      << result.out;
  const Accuracy accuracy = load_record(folder_ / "onnx" / "run.json").accuracy.at(0);
  EXPECT_GT(accuracy.max_ulp, 1e6) << "which is within a tolerance that is absolute";
  EXPECT_NE(text_of(folder_ / "onnx" / "report.md").find("up to 1.01e-7"), std::string::npos);
  const std::string replay = "audit plain --profile torch --contract 'sigmoid exact f32 forward' --case output=";
  EXPECT_EQ(run(replay + "-90").status, 0);
  EXPECT_EQ(run(replay + "-90 --profile faithful").status, 2) << "one profile";
}

TEST_F(Program, WhatASubjectDoesEndsUpInTheRecordOnly) {
  const fs::path report = folder_ / "report";
  const std::string library = FAULTS_LIBRARY;
  const Finished result =
      run("audit " + library + ":segfault " + library + ":throws fast --function sigmoid -o " + report.string());
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_NE(result.out.find("SIGSEGV"), std::string::npos) << result.out;
  const RunRecord record = load_record(report / "run.json");
  std::map<std::string, std::string> verdicts;
  for (const Accuracy& accuracy : record.accuracy) {
    if (accuracy.verdict == "unsupported") continue;
    verdicts[accuracy.subject] = accuracy.verdict;
    if (accuracy.verdict == "crashed") {
      EXPECT_EQ(accuracy.worst.inputs.at("output").size(), 1U);
      EXPECT_EQ(run(accuracy.worst.replay.substr(10)).status, 1) << accuracy.worst.replay;
    }
  }
  EXPECT_EQ(verdicts,
            (std::map<std::string, std::string>{{"segfault", "crashed"}, {"throws", "crashed"}, {"fast", "conforms"}}));
}

TEST_F(Program, CtrlCLeavesARecordToGoOnFrom) {
  const fs::path report = folder_ / "report";
  const std::string arguments = "audit fast --function relu,mean_squared_error --format f32 -o " + report.string();
  // It is ready for the signal before it makes the folder.
  const std::string command = std::string(LOSSAUDIT) + " " + arguments + " --time 5m >" + (folder_ / "out").string() +
                              " 2>" + (folder_ / "err").string() + " & until [ -d " + (report / "cases").string() +
                              " ]; do sleep 0.05; done; kill -INT $!; wait $!";
  // A shell without job control starts its background jobs deaf to SIGINT, unless they ask for it: ours does.
  EXPECT_EQ(WEXITSTATUS(std::system(("bash -c " + std::string(1, '\'') + command + "'").c_str())), 2);
  EXPECT_NE(text_of(folder_ / "err").find("--resume"), std::string::npos) << text_of(folder_ / "err");
  EXPECT_TRUE(load_record(report / "run.json").interrupted);
  EXPECT_NE(text_of(report / "report.md").find("stopped before everything was tried"), std::string::npos);
  expect_mistake(arguments + " --resume", "another --time");
  const Finished afresh = run(arguments);
  EXPECT_EQ(afresh.status, 0) << afresh.err;
  EXPECT_FALSE(load_record(report / "run.json").interrupted);
  EXPECT_EQ(run(arguments + " --resume").status, 0) << "with nothing to go on from it begins";
}

TEST_F(Program, AReplayShowsComputedExactAndError) {
  const Finished good = run("audit fast --contract 'sigmoid exact f32 forward' --case output=0,1");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("0.73105857863000487925"), std::string::npos) << good.out;
  const Finished bad = run("audit plain --contract 'softmax exact f32 forward' --case output=1000,0");
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.out.find("breaks rule number_due"), std::string::npos) << bad.out;
  std::ofstream(folder_ / "one.case") << "output=1000,0\n";
  EXPECT_EQ(run("audit plain --contract 'softmax exact f32 forward' --case @" + (folder_ / "one.case").string()).out,
            bad.out);
}

TEST_F(Program, ConformRunsTheSuiteBesideIt) {
  const Finished listed = run("conform fast --gtest_list_tests");
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_FALSE(listed.out.empty());
  EXPECT_EQ(run("conform no_such_subject").status, 2);
}

TEST_F(Program, HuntLeavesACorpusThatTheNextBeginsFrom) {
  const std::string corpus = (folder_ / "corpus.txt").string();
  const std::string hunt = "hunt plain --contract 'log_softmax exact f32 forward' --searches 1 --corpus " + corpus;
  const Finished first = run(hunt + " --compare-random -o " + (folder_ / "report").string());
  EXPECT_EQ(first.status, 1) << first.err;
  EXPECT_NE(first.out.find("everything is lost at output="), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("random cases"), std::string::npos) << first.out;
  EXPECT_NE(text_of(corpus).find("log_softmax exact f32 forward | output="), std::string::npos) << text_of(corpus);
  EXPECT_NE(text_of(folder_ / "report" / "report.md").find("### Hunted"), std::string::npos);
  const RunRecord record = load_record(folder_ / "report" / "run.json");
  ASSERT_EQ(record.accuracy.size(), 1U);
  EXPECT_GT(record.accuracy[0].hunt.lost_results, 0U);
  EXPECT_EQ(record.accuracy[0].hunt.random_cases, record.accuracy[0].hunt.cases);
  std::ofstream(corpus, std::ios::app) << "log_softmax exact f32 forward | output=1;2\n";
  expect_mistake(hunt, "corpus.txt:");
  expect_mistake("hunt plain --contract 'log_softmax exact f32'", "FUNCTION DIALECT FORMAT PASS");
}

}  // namespace
}  // namespace lossaudit
