// The run record as JSON: nothing is lost, and what is no record is refused by the name of the field at fault.
#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <random>

#include "audit/record.hpp"
#include "property_tests/report_fixture.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

/// What parse_record() says of it; "" when it accepts.
std::string refusal(const json& object) {
  try {
    parse_record(object, "run.json");
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

/// What load_record() says of a file of this text.
std::string refusal_of_text(const std::string& text) {
  const fixture::Folder folder;
  save_text(folder.path / "run.json", text);
  try {
    load_record(folder.path / "run.json");
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

/// A record whose every list has an item, so that every field there is occurs.
json small_record() {
  RunRecord record = fixture::record();
  record.subjects.resize(1);
  record.accuracy = {record.accuracy[2]};
  record.accuracy[0].curve = {{1, 2}};
  record.speed.resize(1);
  return to_json(record);
}

/// Every place inside `object`: how errors name it, and where it is.
void collect(const json& object, const std::string& name, const json::json_pointer& place,
             std::vector<std::pair<std::string, json::json_pointer>>& places) {
  if (!name.empty()) places.emplace_back(name, place);
  if (object.is_object()) {
    for (const auto& [key, value] : object.items()) {
      collect(value, name.empty() ? key : std::string(name).append(".").append(key), place / key, places);
    }
  } else if (object.is_array()) {
    for (std::size_t i = 0; i < object.size(); ++i) {
      collect(object[i], std::string(name).append("[").append(std::to_string(i)).append("]"), place / i, places);
    }
  }
}

TEST(RecordJson, RoundTripKeepsEverything) {
  const RunRecord record = fixture::record();
  const fixture::Folder folder;
  RunRecord clean = record;  // bytes that are no UTF-8 are the one thing that a file cannot keep
  clean = parse_record(json::parse(to_json(record).dump(-1, ' ', false, json::error_handler_t::replace)), "fixture");
  save_record(clean, folder.path / "run.json");
  const RunRecord back = load_record(folder.path / "run.json");
  EXPECT_EQ(to_json(back), to_json(clean));
  EXPECT_EQ(back.seed, 18446744073709551615ULL);
  ASSERT_EQ(back.accuracy[0].sweeps.size(), 1U);
  EXPECT_EQ(back.accuracy[0].sweeps, record.accuracy[0].sweeps);
  EXPECT_TRUE(std::isnan(back.accuracy[4].mean_ulp));
  EXPECT_EQ(back.accuracy[4].max_ulp, fixture::infinity);
  EXPECT_EQ(back.accuracy[3].curve[0].at, -fixture::infinity);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1) << "a file was left beside";
}

TEST(RecordJson, NumbersKeepEveryBit) {
  RunRecord record = fixture::record();
  record.subjects.clear();
  record.speed.clear();
  record.accuracy.resize(1);
  record.accuracy[0].curve.clear();
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto at = std::bit_cast<double>(random());
    record.accuracy[0].curve.push_back({std::isnan(at) ? 0 : at, static_cast<double>(random()) * 0x1p-70});
  }
  const RunRecord back = parse_record(json::parse(to_json(record).dump()), "fixture");
  for (std::size_t i = 0; i < record.accuracy[0].curve.size(); ++i) {
    const CurvePoint &was = record.accuracy[0].curve[i], &is = back.accuracy[0].curve[i];
    ASSERT_EQ(std::bit_cast<std::uint64_t>(is.at), std::bit_cast<std::uint64_t>(was.at)) << i;
    ASSERT_EQ(is.max_ulp, was.max_ulp) << i;
  }
}

TEST(RecordJson, NamesOfTheDesign) {
  const json object = to_json(fixture::record());
  for (const char* name : {"schema", "tool", "machine", "subjects", "accuracy", "speed"})
    EXPECT_TRUE(object.contains(name)) << name;
  EXPECT_EQ(object["schema"], "lossaudit-run/1");
  for (const char* name : {"subject", "function", "dialect", "format", "pass", "options", "inputs", "count", "max_ulp",
                           "mean_ulp", "max_relative_error", "correctly_rounded", "evidence", "verdict"}) {
    EXPECT_TRUE(object["accuracy"][0].contains(name)) << name;
  }
  EXPECT_EQ(object["accuracy"][0]["worst"]["inputs"]["output"][0], "-0x1.9p+6");
  EXPECT_EQ(object["accuracy"][0]["budget"], (json{{"ulp", 4.0}, {"source", "profile faithful"}}));
  EXPECT_EQ(object["accuracy"][4]["rules"][0]["rule"], "number_due");
  EXPECT_EQ(object["accuracy"][4]["max_ulp"], "inf");
  EXPECT_EQ(object["accuracy"][4]["mean_ulp"], "nan");
  EXPECT_EQ(object["speed"][0]["ns_per_element"], 0.25);
}

TEST(RecordJson, EveryFieldIsRefusedByName) {
  const json whole = small_record();
  ASSERT_EQ(refusal(whole), "");
  std::vector<std::pair<std::string, json::json_pointer>> places;
  collect(whole, "", json::json_pointer(), places);
  ASSERT_GT(places.size(), 60U);
  for (const auto& [name, place] : places) {
    for (const json& wrong : {json(), json(true), json(-1.5), json("text"), json::array({1}), json{{"a", 1}}}) {
      // A map or a list may hold anything of its kind; what it holds is then at fault.
      if (wrong.type() == whole[place].type() || (wrong.is_number() && whole[place].is_number_float())) continue;
      json broken = whole;
      broken[place] = wrong;
      const std::string said = refusal(broken);
      EXPECT_TRUE(said.starts_with("run.json: not a run record: " + name)) << name << " = " << wrong << ": " << said;
      EXPECT_EQ(said.find('\n'), std::string::npos);
    }
  }
}

TEST(RecordJson, MissingFieldsAreNamed) {
  const json whole = small_record();
  std::vector<std::pair<std::string, json::json_pointer>> places;
  collect(whole, "", json::json_pointer(), places);
  for (const auto& [name, place] : places) {
    // Items of lists and members of maps come and go.
    if (name.ends_with("]") || name.find("machine.") == 0 || name.find("inputs.") != std::string::npos) continue;
    json broken = whole;
    broken[place.parent_pointer()].erase(place.back());
    EXPECT_EQ(refusal(broken), "run.json: not a run record: " + name + ": missing");
  }
}

TEST(RecordJson, WhatOlderRecordsLackMayBeMissingAndNotWrong) {
  RunRecord record = fixture::record();
  Accuracy& accuracy = record.accuracy[0];
  accuracy.budget_ulp = fixture::infinity;
  accuracy.budget_rtol = 1e-3;
  accuracy.budget_atol = 1e-7;
  accuracy.budget_text = "1e-07 + 0.001 |exact|";
  accuracy.budget_share = 2.5;
  accuracy.budget_worst = fixture::witness();
  accuracy.budget_zero_passes = 1.001e-7;
  accuracy.excused = "expected: issue 12";
  accuracy.worse = "3 ulp, 1 ulp in the baseline";
  accuracy.rules = {fixture::broken("finite", true)};
  accuracy.rules[0].excused = "known";
  record.baseline = "then.json";
  record.changes = {{"worse", "fast", "relu exact f32 forward", "3 ulp"}};
  record.no_longer_occurs = {"known.txt:3: fast | relu | crashes"};
  record.speed = {fixture::timed().speed[0]};
  record.sweep_speed = fixture::timed().sweep_speed;
  record.speed[0].options = "from_logits";
  record.speed[0].note = "composed here";
  const json whole = to_json(record);
  EXPECT_EQ(whole["accuracy"][0]["budget"]["ulp"], "inf");
  EXPECT_EQ(whole["accuracy"][0]["budget"]["rtol"], 1e-3);
  EXPECT_EQ(to_json(parse_record(whole, "run.json")), whole);
  for (const char* name : {"rtol", "atol", "text", "share", "worst", "zero_passes_up_to"}) {
    json less = whole;
    ASSERT_EQ(less["accuracy"][0]["budget"].erase(name), 1U) << name;
    EXPECT_EQ(refusal(less), "") << name;
    json wrong = whole;
    wrong["accuracy"][0]["budget"][name] = json::array({1});
    EXPECT_TRUE(refusal(wrong).starts_with(std::string("run.json: not a run record: accuracy[0].budget.") + name))
        << name;
  }
  for (const char* place : {"/accuracy/0/excused", "/accuracy/0/worse", "/accuracy/0/rules/0/excused", "/baseline",
                            "/changes", "/no_longer_occurs", "/sweep_speed", "/speed/0/dialect", "/speed/0/format",
                            "/speed/0/options", "/speed/0/inputs", "/speed/0/note", "/speed/0/least_ns_per_element",
                            "/speed/0/most_ns_per_element", "/speed/0/repetitions"}) {
    const json::json_pointer pointer(place);
    json less = whole;
    less[pointer.parent_pointer()].erase(pointer.back());
    EXPECT_EQ(refusal(less), "") << place;
    json wrong = whole;
    wrong[pointer] = whole[pointer].is_number() ? json("text") : json(3);
    EXPECT_NE(refusal(wrong).find(pointer.back() + ": expected "), std::string::npos) << place;
  }
  json unknown = whole;
  unknown["changes"][0]["kind"] = "different";
  EXPECT_NE(refusal(unknown).find("changes[0].kind: expected one of worse, better"), std::string::npos);
}

TEST(RecordJson, RefusalsSayWhatWasFound) {
  json object = small_record();
  object["accuracy"][0]["max_ulp"] = std::string(100, 'x');
  EXPECT_EQ(refusal(object), "run.json: not a run record: accuracy[0].max_ulp: expected a number, found a string");
  object = small_record();
  object["accuracy"][0]["count"] = -3;
  EXPECT_EQ(refusal(object),
            "run.json: not a run record: accuracy[0].count: expected a whole number of 0 or more, found the number -3");
  object = small_record();
  object["accuracy"][0]["verdict"] = "fine";
  EXPECT_EQ(
      refusal(object),
      "run.json: not a run record: accuracy[0].verdict: expected one of conforms, exceeds, crashed, hung, unsupported, "
      "unjudged, found the string \"fine\"");
  object = small_record();
  object["schema"] = "lossaudit-run/2";
  EXPECT_EQ(
      refusal(object),
      "run.json: not a run record: schema: expected \"lossaudit-run/1\", the one this version reads, found the string "
      "\"lossaudit-run/2\"");
  EXPECT_EQ(refusal(json::array()), "run.json: not a run record: expected an object, found an array");
}

TEST(RecordJson, UnknownFieldsAreIgnored) {
  json object = small_record();
  object["later"] = {1, 2, 3};
  object["accuracy"][0]["later"] = "text";
  object["accuracy"][0]["worst"]["later"] = nullptr;
  EXPECT_EQ(to_json(parse_record(object, "run.json")), small_record());
}

TEST(RecordJson, MalformedFilesAreRefusedByByte) {
  EXPECT_NE(refusal_of_text("{\"schema\": }").find("run.json: not a run record: malformed JSON at byte 12: "),
            std::string::npos);
  EXPECT_NE(refusal_of_text("{\"schema\": \"\xff\"}")
                .find("malformed JSON at byte 13: invalid string: ill-formed UTF-8 byte"),
            std::string::npos);
  EXPECT_NE(refusal_of_text("").find("malformed JSON at byte 1: "), std::string::npos);
  EXPECT_NE(refusal_of_text("{\"seed\": 1e999}").find("number overflow"), std::string::npos);
  EXPECT_NE(refusal_of_text(std::string(100000, '[')).find("nested deeper"), std::string::npos);
  const std::string long_text = refusal_of_text("{\"schema\": \"" + std::string(1000000, 'x'));
  EXPECT_LT(long_text.size(), 400U);
}

TEST(RecordJson, FilesThatCannotBeReadAreNamed) {
  const fixture::Folder folder;
  for (const auto& path : {folder.path / "none.json", folder.path}) {
    try {
      load_record(path);
      ADD_FAILURE() << path;
    } catch (const BadInput& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
    }
  }
  const auto huge = folder.path / "huge.json";
  save_text(huge, "{}");
  std::filesystem::resize_file(huge, largest_json_bytes + 1);  // a hole: it takes no room
  EXPECT_THROW(load_record(huge), BadInput);
}

TEST(RecordJson, SavingReplacesWholeOrNotAtAll) {
  const fixture::Folder folder;
  const auto path = folder.path / "run.json";
  save_text(path, "old");
  EXPECT_THROW(save_text(folder.path / "none" / "run.json", "new"), BadInput);
  std::filesystem::create_directory(folder.path / "taken");
  EXPECT_THROW(save_text(folder.path / "taken", "new"), BadInput);
  EXPECT_EQ(fixture::text_of(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 2) << "a file was left beside";
  save_text(path, "new");
  EXPECT_EQ(fixture::text_of(path), "new");
}

TEST(RecordJson, BytesThatAreNoTextAreReplacedWhenSaved) {
  const fixture::Folder folder;
  save_record(fixture::record(), folder.path / "run.json");
  const std::string name = load_record(folder.path / "run.json").subjects[2].name;
  EXPECT_TRUE(name.ends_with("evil\xef\xbf\xbd"));
}

}  // namespace
}  // namespace lossaudit
