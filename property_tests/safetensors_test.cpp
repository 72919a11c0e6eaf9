// The safetensors reader against headers as the format wants them, and as nobody should write them.
#include "audit/safetensors.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace lossaudit::safetensors {
namespace {

std::string blob_of(const std::string& json, std::size_t data, std::uint64_t length) {
  std::string blob;
  for (int i = 0; i < 8; ++i) blob += static_cast<char>(length >> 8 * i & 0xff);
  return blob + json + std::string(data, 'x');
}
std::string blob_of(const std::string& json, std::size_t data = 0) { return blob_of(json, data, json.size()); }

Header parse(const std::string& blob) { return parse_blob(std::as_bytes(std::span(blob))); }

std::string complaint(const std::string& blob) {
  try {
    parse(blob);
  } catch (const BadInput& why) {
    std::string text = why.what();
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << text;
    EXPECT_LE(text.size(), 250U) << text;
    return text;
  }
  return "";
}

TEST(Safetensors, ReadsWhatTheFormatAllows) {
  const Header header = parse(blob_of(R"({"__metadata__": {"a": "1", "b\n": ""},
    "x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "none": {"shape": [0, 7], "data_offsets": [24, 24], "dtype": "I64"},
    "one": {"data_offsets": [24, 26], "dtype": "BF16", "shape": []}}   )",
                                      26));
  EXPECT_EQ(header.said("a"), "1");
  EXPECT_EQ(header.said("b\n"), "");
  EXPECT_EQ(header.metadata.size(), 2U);
  ASSERT_EQ(header.tensors.size(), 3U);
  const Entry* x = header.find("x");
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->dtype, &dtype_of(Format::f32));
  EXPECT_EQ(x->shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(x->bytes(), 24U);
  EXPECT_EQ(header.find("none")->bytes(), 0U);
  EXPECT_EQ(header.find("one")->begin, 24U);
  EXPECT_EQ(header.find("two"), nullptr);
  EXPECT_TRUE(parse(blob_of("{}")).tensors.empty());
}

TEST(Safetensors, TensorsMayStandInAnyOrder) {
  const Header header = parse(blob_of(R"({"b":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},)"
                                      R"("a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
                                      14));
  EXPECT_EQ(header.tensors[0].name, "b");
}

TEST(Safetensors, EveryFormatHasItsType) {
  for (const FormatTraits& format : format_table) {
    EXPECT_EQ(dtype_of(format.format).bytes, static_cast<std::size_t>(format.bytes)) << format.name;
  }
  EXPECT_EQ(dtype_of_labels().bytes, sizeof(std::int64_t));
  EXPECT_EQ(dtype_named("F128"), nullptr);
}

struct Hostile {
  const char* name;
  std::string blob;
  const char* complaint;
};
void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"x":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}
std::string two(const std::string& first, const std::string& second) {
  const std::string entry = R"({"dtype":"F32","shape":[2],"data_offsets":)";
  return R"({"a":)" + entry + first + R"(},"b":)" + entry + second + "}}";
}
std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

const Hostile hostile[] = {
    {"Empty", "", "shorter than the 8 bytes"},
    {"SevenBytes", "1234567", "shorter than the 8 bytes"},
    {"LengthZero", blob_of("", 0, 0), "too short"},
    {"LengthOne", blob_of("{", 0, 1), "too short"},
    {"LengthBeyondTheBlob", blob_of("{}", 0, 3), "ends within"},
    {"LengthOverTheLimit", blob_of("{}", 0, max_header + 1), "at most 1048576"},
    {"LengthOf2To63", blob_of("{}", 0, std::uint64_t{1} << 63), "9223372036854775808"},
    {"LengthOfAllOnes", blob_of("{}", 0, UINT64_MAX), "18446744073709551615"},
    {"Text", "Loading model...", "tell of a header of"},
    {"NotAnObject", blob_of("[1,2]"), "does not begin with {"},
    {"BlankFirst", blob_of(" {}"), "does not begin with {"},
    {"NoJson", blob_of("{]"), "no JSON at its byte 2"},
    {"HalfJson", blob_of(R"({"x":{"dtype":"F3)"), "no JSON"},
    {"TwoObjects", blob_of("{}{}"), "no JSON"},
    {"InvalidUtf8", blob_of("{\"\xff\xfe\":1}"), "no JSON"},
    {"NulByte", blob_of(std::string("{\"x\0\":{}}", 9)), "a NUL byte"},
    {"NulsAfter", blob_of(std::string("{}\0\0", 4)), "a NUL byte"},
    {"DeepLists", blob_of(R"({"x":)" + repeated("[", 500000)), "a list where none is due"},
    {"DeepObjects", blob_of(repeated(R"({"x":)", 100000)), "unknown field 'x'"},
    {"DeepShape", blob_of(tensor(R"("F32")", "[[1]]", "[0,4]"), 4), "a list where none is due"},
    {"DeepMetadata", blob_of(R"({"__metadata__":{"a":{"b":"c"}}})"), "an object where none is due"},
    {"MetadataIsText", blob_of(R"({"__metadata__":"a"})"), "a text where none is due"},
    {"MetadataOfNumbers", blob_of(R"({"__metadata__":{"a":1}})"), "a number where none is due"},
    {"MetadataOfNull", blob_of(R"({"__metadata__":{"a":null}})"), "null"},
    {"MetadataOfTruth", blob_of(R"({"__metadata__":{"a":true}})"), "true or false"},
    {"MetadataTwice", blob_of(R"({"__metadata__":{},"__metadata__":{}})"), "'__metadata__' twice"},
    {"KeyTwice", blob_of(R"({"__metadata__":{"a":"1","a":"2"}})"), "'a' twice"},
    {"NameTwice", blob_of(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\u0061":{}})", 1), "'a' twice"},
    {"FieldTwice", blob_of(R"({"x":{"dtype":"F32","dtype":"F64"}})"), "'dtype' twice"},
    {"FieldMissing", blob_of(R"({"x":{"dtype":"F32","shape":[0]}})"), "no dtype, shape or data_offsets in 'x'"},
    {"NoFields", blob_of(R"({"x":{}})"), "no dtype, shape or data_offsets"},
    {"UnknownField", blob_of(R"({"x":{"strides":[1]}})"), "unknown field 'strides'"},
    {"NastyField", blob_of("{\"x\":{\"\\u001b[2J\\n\":[1]}}"), "unknown field '?[2J'"},
    {"UnknownType", blob_of(tensor(R"("F31")", "[1]", "[0,4]"), 4), "unknown dtype 'F31'"},
    {"TypeIsNumber", blob_of(tensor("4", "[1]", "[0,4]"), 4), "a number where none is due"},
    {"TensorIsNumber", blob_of(R"({"x":1})"), "a number where none is due"},
    {"NegativeShape", blob_of(tensor(R"("F32")", "[-1]", "[0,4]"), 4), "negative size in 'x'"},
    {"NegativeOffset", blob_of(tensor(R"("F32")", "[1]", "[-4,0]"), 4), "negative size in 'x'"},
    {"ShapeOfFractions", blob_of(tensor(R"("F32")", "[0.5]", "[0,2]"), 2), "no whole number"},
    {"ShapeOf2To63", blob_of(tensor(R"("U8")", "[9223372036854775808]", "[0,0]")), "beyond 2^63"},
    {"ShapeOf2To64", blob_of(tensor(R"("U8")", "[18446744073709551616]", "[0,0]")), "no whole number"},
    {"BytesOf2To63", blob_of(tensor(R"("F32")", "[2305843009213693952]", "[0,0]")), "beyond 2^63"},
    {"ProductOf2To64", blob_of(tensor(R"("U8")", "[4294967296,4294967296]", "[0,0]")), "beyond 2^63"},
    {"ProductWithNought", blob_of(tensor(R"("U8")", "[4294967296,4294967296,0]", "[0,0]")), "beyond 2^63"},
    {"RankTooHigh", blob_of(tensor(R"("U8")", "[1" + repeated(",1", 16) + "]", "[0,1]"), 1), "over 16 sizes"},
    {"OneOffset", blob_of(tensor(R"("F32")", "[1]", "[4]"), 4), "not two"},
    {"ThreeOffsets", blob_of(tensor(R"("F32")", "[1]", "[0,4,8]"), 4), "not two"},
    {"OffsetsSwapped", blob_of(tensor(R"("F32")", "[1]", "[4,0]"), 4), "not as far apart"},
    {"OffsetsTooNear", blob_of(tensor(R"("F32")", "[2]", "[0,4]"), 4), "not as far apart as its 8 bytes"},
    {"OffsetsBeyondTheBlob", blob_of(tensor(R"("F32")", "[2]", "[0,8]"), 7), "8 bytes of values where 7 follow"},
    {"OffsetsOf2To62", blob_of(tensor(R"("U8")", "[0]", "[4611686018427387904,4611686018427387904]")), "a hole"},
    {"MoreThanOffsetsTell", blob_of(tensor(R"("F32")", "[2]", "[0,8]"), 9), "8 bytes of values where 9 follow"},
    {"DataWithoutTensors", blob_of("{}", 1), "0 bytes of values where 1 follow"},
    {"Overlap", blob_of(two("[0,8]", "[4,12]"), 12), "an overlap before the data of 'b'"},
    {"SamePlace", blob_of(two("[0,8]", "[0,8]"), 8), "an overlap"},
    {"Hole", blob_of(two("[0,8]", "[12,20]"), 20), "a hole before the data of 'b'"},
    {"HoleFirst", blob_of(two("[4,12]", "[12,20]"), 20), "a hole before the data of 'a'"},
};

class HostileBlobs : public testing::TestWithParam<Hostile> {};
INSTANTIATE_TEST_SUITE_P(Safetensors, HostileBlobs, testing::ValuesIn(hostile),
                         [](const auto& info) { return info.param.name; });

TEST_P(HostileBlobs, AreRefusedInALineThatSaysWhy) {
  EXPECT_NE(complaint(GetParam().blob).find(GetParam().complaint), std::string::npos) << complaint(GetParam().blob);
}

/// A header of tensors that follow one another, and metadata of ASCII characters, control characters among them.
Header any_header() {
  const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 0x7f));
  Header header;
  header.metadata = *rc::gen::container<std::map<std::string, std::string>>(text, text);
  const auto count = *rc::gen::inRange(0, 5);
  std::size_t end = 0;
  for (int i = 0; i < count; ++i) {
    const Format format = *rc::gen::element(Format::f64, Format::f32, Format::f16, Format::bf16);
    Entry entry{.name = "t" + std::to_string(i), .dtype = &dtype_of(format), .shape = {}, .begin = end, .end = end};
    std::size_t bytes = entry.dtype->bytes;
    for (int rank = *rc::gen::inRange(0, 4); rank > 0; --rank) {
      entry.shape.push_back(*rc::gen::inRange<std::size_t>(0, 9));
      bytes *= entry.shape.back();
    }
    end = entry.end += bytes;
    header.tensors.push_back(entry);
  }
  return header;
}

RC_GTEST_PROP(Safetensors, WhatIsWrittenIsReadAgain, ()) {
  const Header header = any_header();
  const std::string text = to_text(header);
  RC_ASSERT(text.size() % 8 == 0);
  const Header again = parse(text + std::string(packed_size(header), 'x'));
  RC_ASSERT(again.metadata == header.metadata);
  RC_ASSERT(again.tensors.size() == header.tensors.size());
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    RC_ASSERT(again.tensors[i].name == header.tensors[i].name);
    RC_ASSERT(again.tensors[i].dtype == header.tensors[i].dtype);
    RC_ASSERT(again.tensors[i].shape == header.tensors[i].shape);
    RC_ASSERT(again.tensors[i].begin == header.tensors[i].begin);
    RC_ASSERT(again.tensors[i].end == header.tensors[i].end);
  }
}

TEST(Safetensors, ValuesGoWhereTheyAreReadAgain) {
  Header header;
  header.append("labels", dtype_of_labels(), {3});
  header.append("x", dtype_of(Format::f32), {2, 2});
  header.append("scalar", dtype_of(Format::bf16), {});
  std::string blob = to_blob(header);
  EXPECT_EQ(blob.size() % 8, (3 * 8 + 4 * 4 + 2) % 8) << "values begin at a multiple of 8";
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    std::ranges::fill(values_of(blob, header.tensors[i]), static_cast<std::byte>('a' + i));
  }
  EXPECT_TRUE(blob.ends_with(repeated("a", 24) + repeated("b", 16) + "cc"));
  const Header again = parse(blob);
  ASSERT_EQ(again.tensors.size(), 3U);
  const std::span<const std::byte> values = values_of(std::as_bytes(std::span(blob)), *again.find("x"));
  EXPECT_EQ(values.size(), 16U);
  EXPECT_TRUE(std::ranges::all_of(values, [](std::byte value) { return value == static_cast<std::byte>('b'); }));
}

RC_GTEST_PROP(Safetensors, ASpoiledBlobIsReadOrRefusedAndNothingElse, ()) {
  const Header header = any_header();
  std::string blob = to_text(header) + std::string(packed_size(header), 'x');
  for (int spoiled = *rc::gen::inRange(1, 4); spoiled > 0; --spoiled) {
    blob[*rc::gen::inRange<std::size_t>(0, blob.size())] = *rc::gen::arbitrary<char>();
  }
  blob.resize(*rc::gen::inRange<std::size_t>(0, blob.size() + 1));
  complaint(blob);  // an exception of another kind, or a sanitizer, would end the test
}

}  // namespace
}  // namespace lossaudit::safetensors
