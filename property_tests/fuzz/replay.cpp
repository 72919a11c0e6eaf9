// A fuzzed reader without libFuzzer: every file of a corpus, and a few thousand damaged copies of each, the same ones
// every time. Usage: fuzz_NAME FOLDER
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "property_tests/fuzz/fuzz.hpp"

namespace {

namespace fs = std::filesystem;

constexpr int copies = 3000;

void read(const std::string& text) {
  // A copy of its own on the heap, so that a sanitizer sees a byte read too far.
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// One to four small damages: bits, bytes, numbers, a part left out or said twice, an end too soon.
std::string damaged(std::string text, std::mt19937& random) {
  const auto below = [&random](std::size_t bound) { return random() % std::max<std::size_t>(bound, 1); };
  for (std::size_t damages = 1 + below(4); damages > 0 && !text.empty(); --damages) {
    const std::size_t at = below(text.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(text.size() - at, 32));
    switch (below(6)) {
      case 0:
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        break;
      case 1:
        text[at] = static_cast<char>(random());
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(below(text.size()), text.substr(at, length));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        if (const std::size_t digit = text.find_first_of("0123456789", at); digit != std::string::npos) {
          static constexpr const char* numbers[] = {"-1", "9223372036854775807", "18446744073709551616", "1e999", "0"};
          text.replace(digit, 1, numbers[below(std::size(numbers))]);
        }
    }
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 || !fs::is_directory(arguments[1])) {
    std::fprintf(stderr, "usage: %s FOLDER: the folder holds the inputs to begin from\n", arguments[0]);
    return 2;
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(arguments[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "%s is empty\n", arguments[1]);
    return 2;
  }
  std::mt19937 random(1);
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    read(text);
    for (int i = 0; i < copies; ++i) read(damaged(text, random));
  }
  std::printf("%zu inputs and %d damaged copies of each\n", files.size(), copies);
}
