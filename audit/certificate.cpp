#include "audit/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "audit/json_file.hpp"

namespace lossaudit {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view judge_names[] = {"pairs", "intervals"};

/// "0-5,9": the blocks that are done.
std::string ranges_of(const std::vector<bool>& done) {
  std::string text;
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (!done[i]) continue;
    std::size_t last = i;
    while (last + 1 < done.size() && done[last + 1]) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", i);
    if (last > i) text += fmt::format("-{}", last);
    i = last;
  }
  return text;
}

/// The inverse; false when the text is none of that.
bool read_ranges(const std::string& text, std::vector<bool>& done) {
  std::istringstream in(text);
  while (!text.empty()) {
    std::size_t first = 0;
    if (!(in >> first)) return false;
    std::size_t last = first;
    if (in.peek() == '-' && !(in.ignore() >> last)) return false;
    if (last < first || last >= done.size()) return false;
    std::fill(done.begin() + static_cast<std::ptrdiff_t>(first), done.begin() + static_cast<std::ptrdiff_t>(last) + 1,
              true);
    if (in.peek() == std::istringstream::traits_type::eof()) break;
    if (in.get() != ',') return false;
  }
  return true;
}

/// A number of f64 to the bit.
double number_of(const ordered_json& json) {
  const std::optional<double> number = parse_number(Format::f64, json.get<std::string>());
  if (!number) throw BadInput("'" + json.get<std::string>().substr(0, 60) + "' is no number");
  return *number;
}

ordered_json json_of(const ClaimState& state) {
  const Certified& f = state.found;
  ordered_json json = {{"blocks", ranges_of(state.done)},
                       {"inputs", f.inputs},
                       {"unknown", f.unknown},
                       {"undecided", f.undecided},
                       {"broken", f.broken}};
  json["tightest"] = to_hex(Format::f64, f.tightest);
  json["tightest_at"] = to_hex(Format::f64, f.tightest_at);
  if (f.broken > 0) json["broken_at"] = to_hex(Format::f64, f.broken_at);
  return json;
}

ClaimState state_of(const Claim& claim, const ordered_json& json) {
  ClaimState state;
  state.done.resize(block_count(claim));
  if (!read_ranges(json.at("blocks").get<std::string>(), state.done)) throw BadInput("'blocks' is no list of blocks");
  Certified& f = state.found;
  f.inputs = json.at("inputs").get<std::uint64_t>();
  f.unknown = json.at("unknown").get<std::uint64_t>();
  f.undecided = json.at("undecided").get<std::uint64_t>();
  f.broken = json.at("broken").get<std::uint64_t>();
  f.tightest = number_of(json.at("tightest"));
  f.tightest_at = number_of(json.at("tightest_at"));
  if (f.broken > 0) f.broken_at = number_of(json.at("broken_at"));
  return state;
}

Certificate parse(const ordered_json& json) {
  if (json.at("schema") != certificate_schema) throw BadInput("its schema is not " + std::string(certificate_schema));
  Certificate certificate;
  certificate.revision = json.at("revision").get<std::string>();
  const auto* const judge =
      std::find(std::begin(judge_names), std::end(judge_names), json.at("judge").get<std::string>());
  if (judge == std::end(judge_names)) throw BadInput("its judge is neither pairs nor intervals");
  certificate.judge = static_cast<Judge>(judge - std::begin(judge_names));
  for (const auto& [name, state] : json.at("claims").items()) {
    const std::vector<const Claim*> named = claims_named(name);
    if (named.size() != 1) throw BadInput("'" + name + "' is no single claim");
    certificate.claims[name] = state_of(*named.front(), state);
  }
  return certificate;
}

}  // namespace

Certificate load_certificate(const std::filesystem::path& path) {
  constexpr std::uintmax_t largest = 1 << 20;
  std::error_code error;
  if (std::filesystem::file_size(path, error) > largest || error) {
    throw BadInput(path.string() + ": " + (error ? error.message() : "too large for a certificate"));
  }
  std::ifstream file(path, std::ios::binary);
  try {
    return parse(ordered_json::parse(file));
  } catch (const BadInput& wrong) {
    throw BadInput(path.string() + ": not a certificate: " + wrong.what() + ": name another file with -o");
  } catch (const ordered_json::exception&) {
    throw BadInput(path.string() + ": not a certificate of lossaudit certify: name another file with -o");
  }
}

void save_certificate(const Certificate& certificate, const std::filesystem::path& path) {
  ordered_json json;
  json["schema"] = certificate_schema;
  json["revision"] = certificate.revision;
  json["judge"] = judge_names[static_cast<std::size_t>(certificate.judge)];
  json["claims"] = ordered_json::object();
  for (const auto& [name, state] : certificate.claims) json["claims"][name] = json_of(state);
  save_text(path, json.dump(1) + "\n");
}

void join(Certificate& certificate, const Certificate& other, const std::filesystem::path& path) {
  if (certificate.revision != other.revision || certificate.judge != other.judge) {
    throw BadInput(path.string() + ": is of another revision or judge than the others: certify again");
  }
  for (const auto& [name, state] : other.claims) {
    ClaimState& mine = certificate.claims[name];
    mine.done.resize(state.done.size());
    for (std::size_t b = 0; b < state.done.size(); ++b) {
      if (mine.done[b] && state.done[b]) {
        throw BadInput(path.string() + ": block " + std::to_string(b) + " of " + name + " is in another file too");
      }
      if (state.done[b]) mine.done[b] = true;
    }
    mine.found += state.found;
  }
}

}  // namespace lossaudit
