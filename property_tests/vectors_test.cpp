// Test vectors, as somebody meets them who reads the files, answers beside them, and has the answers judged.
#include "audit/vectors.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "audit/safetensors.hpp"
#include "audit/vector_file.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;
using safetensors::Header;

class Vectors : public testing::Test {
 protected:
  Vectors() : folder_(fs::path(testing::TempDir()) / ("lossaudit_vectors_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
  }
  ~Vectors() override { fs::remove_all(folder_); }

  void write(std::vector<Function> functions, std::vector<Format> formats, Pass pass = Pass::forward) const {
    VectorsRequest request;
    request.filter = {std::move(functions), {Dialect::exact}, std::move(formats), {pass}};
    request.elements = 60;
    request.directory = folder_;
    const VectorsWritten written = write_vectors(request);
    EXPECT_GT(written.files, 0U);
    EXPECT_EQ(files().size(), written.files);
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> files() const {
    std::ifstream file(folder_ / "vectors.json");
    std::vector<std::pair<std::string, std::string>> all;
    const nlohmann::json list = nlohmann::json::parse(file);
    for (const auto& each : list["files"]) all.emplace_back(each["file"], each["contract"]);
    return all;
  }

  [[nodiscard]] fs::path answer_to(const std::string& file) const {
    return folder_ / (file.substr(0, file.size() - std::string(".safetensors").size()) + ".result.safetensors");
  }

  /// Answers every file with its own `exact`, changed by `change` first; no answer where it says false.
  void answer(const std::function<bool(const Header& vector, std::string& blob)>& change = {}) const {
    for (const auto& [name, contract] : files()) {
      const std::vector<std::byte> bytes = read_bytes(folder_ / name);
      const Header vector = safetensors::parse_blob(bytes);
      const safetensors::Entry& exact = *vector.find("exact");
      Header header;
      header.append("result", *exact.dtype, exact.shape);
      std::string blob = safetensors::to_blob(header);
      const std::span<std::byte> place = safetensors::values_of(blob, header.tensors[0]);
      std::memcpy(place.data(), safetensors::values_of(bytes, exact).data(), place.size());
      if (change && !change(vector, blob)) continue;
      std::ofstream(answer_to(name), std::ios::binary) << blob;
    }
  }

  [[nodiscard]] RunRecord judged() const {
    JudgeRequest request;
    request.directory = folder_;
    request.name = "mine";
    request.profile = &profile_named("faithful");
    return judge_vectors(request);
  }

  [[nodiscard]] std::string why_refused() const {
    try {
      static_cast<void>(judged());
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(Vectors, WhatIsDueConformsInEveryContractAndIsHalfAnUlpOffAtMost) {
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    fs::remove_all(folder_);
    write({Function::sigmoid, Function::softmax, Function::mean_squared_error}, {Format::f32}, pass);
    answer();
    const RunRecord record = judged();
    EXPECT_GT(record.accuracy.size(), 6U);
    for (const Accuracy& accuracy : record.accuracy) {
      SCOPED_TRACE(accuracy.function + " " + accuracy.format + " " + accuracy.options);
      EXPECT_EQ(accuracy.verdict, "conforms") << accuracy.detail;
      EXPECT_LE(accuracy.max_ulp, 0.5);
      EXPECT_EQ(accuracy.correctly_rounded, 1);
      EXPECT_GT(accuracy.count, 0U);
    }
  }
}

TEST_F(Vectors, TheFormulaInTheirReadmeGivesTheErrorThatIsJudged) {
  write({Function::sigmoid}, {Format::f32});
  double largest = 0;
  answer([](const Header& vector, std::string& blob) {
    const Header answer = safetensors::parse_blob(std::as_bytes(std::span(blob)));
    const std::span<std::byte> place = safetensors::values_of(blob, answer.tensors[0]);
    if (!vector.said("origin").starts_with("log_grid")) return true;
    float value = 0;
    std::memcpy(&value, place.data(), sizeof value);
    value = std::nextafter(std::nextafter(value, 0.25F), 0.25F);
    std::memcpy(place.data(), &value, sizeof value);
    return true;
  });
  for (const auto& [name, contract] : files()) {
    const std::vector<std::byte> bytes = read_bytes(folder_ / name);
    const std::vector<std::byte> answered = read_bytes(answer_to(name));
    const Header vector = safetensors::parse_blob(bytes), answer = safetensors::parse_blob(answered);
    const auto at = [](const Header& header, std::span<const std::byte> blob, const char* tensor, std::size_t i,
                       auto value) {
      std::memcpy(&value, safetensors::values_of(blob, *header.find(tensor)).data() + i * sizeof value, sizeof value);
      return value;
    };
    for (std::size_t i = 0; i < vector.find("due")->bytes(); ++i) {
      if (at(vector, bytes, "due", i, std::uint8_t{}) != 0) continue;
      const double off = (static_cast<double>(at(answer, answered, "result", i, 0.0F)) -
                          static_cast<double>(at(vector, bytes, "exact", i, 0.0F))) /
                             at(vector, bytes, "exact_ulp", i, 0.0) -
                         at(vector, bytes, "exact_offset", i, 0.0);
      largest = std::max(largest, std::abs(off));
    }
  }
  const RunRecord record = judged();
  ASSERT_EQ(record.accuracy.size(), 1U);
  EXPECT_GT(largest, 1.4);
  EXPECT_NEAR(record.accuracy[0].max_ulp, largest, 1e-5);
  EXPECT_EQ(record.accuracy[0].worst.inputs.at("output").size(), 1U);
  EXPECT_EQ(record.accuracy[0].worst.replay.find("lossaudit reference --contract"), 0U);
}

TEST_F(Vectors, AnswersThatAreNoneFailTheirContractAlone) {
  write({Function::relu, Function::sigmoid, Function::softplus, Function::logit, Function::log_sigmoid}, {Format::f32});
  answer([](const Header& vector, std::string& blob) {
    const bool first = vector.said("origin") == "special_values/0/0";
    if (vector.said("function") == "sigmoid" && first) blob.resize(blob.size() / 2);
    if (vector.said("function") == "softplus" && first) blob.assign(1U << 20U, '\xff');
    if (vector.said("function") == "logit" && first) {
      Header of_f64;
      of_f64.append("result", *safetensors::dtype_named("F64"), vector.find("exact")->shape);
      blob = safetensors::to_blob(of_f64);
    }
    return vector.said("function") != "log_sigmoid";
  });
  std::map<std::string, std::string> verdicts;
  for (const Accuracy& accuracy : judged().accuracy) {
    verdicts[accuracy.function] = accuracy.verdict;
    const bool named = accuracy.detail.find("special_values-0.result") != std::string::npos;
    EXPECT_EQ(named, accuracy.verdict == "crashed") << accuracy.detail;
  }
  EXPECT_EQ(verdicts, (std::map<std::string, std::string>{{"relu", "conforms"},
                                                          {"sigmoid", "crashed"},
                                                          {"softplus", "crashed"},
                                                          {"logit", "crashed"},
                                                          {"log_sigmoid", "unsupported"}}));
}

TEST_F(Vectors, AFolderThatIsNotWhatItWasIsRefusedInALine) {
  EXPECT_NE(why_refused().find("lossaudit vectors -o"), std::string::npos) << why_refused();
  write({Function::relu}, {Format::f32});
  EXPECT_NE(why_refused().find("no answers"), std::string::npos) << why_refused();
  EXPECT_THROW(write({Function::relu}, {Format::f32}), BadInput);
  answer();
  EXPECT_EQ(why_refused(), "");

  const std::string name = files()[0].first;
  const std::vector<std::byte> good = read_bytes(folder_ / name);
  const auto put = [&](const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; };
  const std::string_view text(reinterpret_cast<const char*>(good.data()), good.size());
  put(folder_ / name, text.substr(0, text.size() - 1));
  EXPECT_NE(why_refused().find(name), std::string::npos) << why_refused();
  std::string other(text);
  other.replace(other.find("relu exact"), 4, "sqrt");
  put(folder_ / name, other);
  EXPECT_NE(why_refused().find("unknown function"), std::string::npos) << why_refused();
  put(folder_ / name, text);

  std::ifstream file(folder_ / "vectors.json");
  nlohmann::json list = nlohmann::json::parse(file);
  list["files"][0]["contract"] = "relu exact f64 forward";
  put(folder_ / "vectors.json", list.dump());
  EXPECT_NE(why_refused().find("not of the contract"), std::string::npos) << why_refused();
  for (const char* outside : {"../secret.safetensors", "/etc/passwd", "relu"}) {
    list["files"][0]["file"] = outside;
    put(folder_ / "vectors.json", list.dump());
    EXPECT_NE(why_refused().find("files of this folder"), std::string::npos) << why_refused();
  }
}

}  // namespace
}  // namespace lossaudit
