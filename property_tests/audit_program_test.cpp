// The program as a user meets it: exit statuses, one line for every mistake, and what it leaves behind.
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "audit/record.hpp"
#include "property_tests/program_fixture.hpp"

namespace lossaudit::program {
namespace {

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
}  // namespace lossaudit::program
