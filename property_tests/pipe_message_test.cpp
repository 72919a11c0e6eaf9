// What stands in the messages, and that adapters/protocol.md shows them as they are.
#include "audit/pipe_message.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace lossaudit::pipe {
namespace {

std::string protocol_page() {
  std::ifstream file(std::string(ADAPTERS) + "/protocol.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A header's text without its length and blanks.
std::string json_of(const safetensors::Header& header) {
  std::string text = safetensors::to_text(header).substr(safetensors::length_bytes);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// The lines of the page's exchange that are headers, in their order.
std::vector<std::string> documented_exchange() {
  std::istringstream lines(protocol_page());
  std::vector<std::string> headers;
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find(" N {"); at != std::string::npos) headers.push_back(line.substr(at + 3));
  }
  return headers;
}

TEST(PipeMessage, TheDocumentedExchangeIsTheRealOne) {
  const std::vector<std::string> headers = documented_exchange();
  ASSERT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers[0], json_of(hello("/proc/12464/fd/3")));

  const Introduction said = read_introduction(safetensors::parse_header(headers[1]));
  EXPECT_EQ(said.name, "mine");
  EXPECT_EQ(said.version, "1.0");
  EXPECT_EQ(said.lines, std::vector<std::string>{"sigmoid exact f32 forward"});
  EXPECT_FALSE(said.shares_memory);

  const Contract contract = parse_contract(said.lines[0]);
  Batch batch;
  batch.output = {0, 1};
  batch.shape = {1, 2, 1};
  safetensors::Header asked = call(contract, batch.shape, 0);
  append_tensors(asked, contract, batch.shape, BatchCall(contract, batch, {}).bytes());
  EXPECT_EQ(headers[2], json_of(asked));

  EXPECT_EQ(judge(safetensors::parse_header(headers[3]), contract, batch.shape, {}).kind, Outcome::Kind::computed);
}

TEST(PipeMessage, EveryKeyOfACallIsDocumented) {
  const std::string page = protocol_page();
  const safetensors::Header asked = call(parse_contract("sigmoid exact f32 forward"), {1, 1, 1}, 0);
  for (const auto& [key, value] : asked.metadata) EXPECT_NE(page.find("`" + key + "`"), std::string::npos) << key;
  for (const std::string_view name : tensor_names) {
    EXPECT_NE(page.find("`" + std::string(name) + "`"), std::string::npos) << name;
  }
}

TEST(PipeMessage, SharedTensorsLieWhereTheFileHasThem) {
  const Contract contract = parse_contract("sparse_categorical_crossentropy exact bf16 gradient reduction=mean");
  const Shape shape{2, 3, 1};
  const TensorBytes bytes = {12, 0, 16, 0, 0, 2, 12};
  const TensorBytes offsets = {4096, 0, 8192, 0, 0, 12286, 16384};
  safetensors::Header asked = call(contract, shape, 7);
  append_shared(asked, contract, shape, bytes, offsets);
  EXPECT_EQ(asked.said("line"), "7");
  EXPECT_EQ(asked.said("shared_memory"), "1");
  ASSERT_EQ(asked.tensors.size(), 4U) << "those that are there";
  const safetensors::Entry& labels = *asked.find("labels");
  EXPECT_EQ(labels.dtype->name, "I64");
  EXPECT_EQ(labels.shape, std::vector<std::size_t>{2});
  EXPECT_EQ(labels.begin, 8192U);
  EXPECT_EQ(labels.end, 8208U);
  const safetensors::Entry& upstream = *asked.find("upstream");
  EXPECT_EQ(upstream.dtype->name, "BF16");
  EXPECT_TRUE(upstream.shape.empty());
  EXPECT_EQ(upstream.begin, 12286U);
  safetensors::Header answer;
  answer.tensors = {*asked.find("result")};
  EXPECT_EQ(judge(answer, contract, shape, 16384).kind, Outcome::Kind::computed) << "sent all the same";
  answer.metadata["shared_memory"] = "1";
  EXPECT_EQ(judge(answer, contract, shape, 16384).kind, Outcome::Kind::computed);
  EXPECT_EQ(judge(answer, contract, shape, 16386).kind, Outcome::Kind::failed);
}

}  // namespace
}  // namespace lossaudit::pipe
