#include "audit/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <concepts>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <type_traits>

#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

// Every name of the run record stands once, in these lists, which a Writer and a Reader walk alike.

template <class Candidate, class Type>
concept MaybeConst = std::same_as<std::remove_const_t<Candidate>, Type>;

constexpr std::array<std::string_view, 5> verdicts = {"conforms", "exceeds", "crashed", "hung", "unsupported"};
/// A contract that gave no number has no evidence.
constexpr std::array<std::string_view, 3> evidences = {"proved", "observed", ""};

template <class Io>
void fields(Io& io, MaybeConst<Witness> auto& x) {
  io.field("inputs", x.inputs);
  io.field("computed", x.computed);
  io.field("exact", x.exact);
  io.field("replay", x.replay);
}

template <class Io>
void fields(Io& io, MaybeConst<RuleResult> auto& x) {
  io.field("rule", x.rule);
  io.field("broken", x.broken);
  io.field("required", x.required);
  io.field("worst", x.worst);
}

template <class Io>
void fields(Io& io, MaybeConst<CurvePoint> auto& x) {
  io.field("at", x.at);
  io.field("max_ulp", x.max_ulp);
}

template <class Io>
void fields(Io& io, MaybeConst<Accuracy> auto& x) {
  io.field("subject", x.subject);
  io.field("function", x.function);
  io.field("dialect", x.dialect);
  io.field("format", x.format);
  io.field("pass", x.pass);
  io.field("options", x.options);
  io.field("inputs", x.inputs);
  io.field("count", x.count);
  io.field("max_ulp", x.max_ulp);
  io.field("mean_ulp", x.mean_ulp);
  io.field("max_relative_error", x.max_relative_error);
  io.field("correctly_rounded", x.correctly_rounded);
  io.field("worst", x.worst);
  io.one_of("evidence", x.evidence, evidences);
  io.group("budget", [&x](auto& budget) {
    budget.field("ulp", x.budget_ulp);
    budget.field("source", x.budget_source);
  });
  io.field("rules", x.rules);
  io.one_of("verdict", x.verdict, verdicts);
  io.field("detail", x.detail);
  io.field("note", x.note);
  io.field("curve_axis", x.curve_axis);
  io.field("curve", x.curve);
}

template <class Io>
void fields(Io& io, MaybeConst<SubjectInfo> auto& x) {
  io.field("name", x.name);
  io.field("version", x.version);
  io.field("origin", x.origin);
  io.field("gated", x.gated);
}

template <class Io>
void fields(Io& io, MaybeConst<Speed> auto& x) {
  io.field("subject", x.subject);
  io.field("function", x.function);
  io.field("pass", x.pass);
  io.field("shape", x.shape);
  io.field("ns_per_element", x.ns_per_element);
  io.field("limit_ns_per_element", x.limit_ns_per_element);
}

template <class Io>
void fields(Io& io, MaybeConst<RunRecord> auto& x) {
  io.group("tool", [&x](auto& tool) {
    tool.field("version", x.tool_version);
    tool.field("revision", x.tool_revision);
  });
  io.field("command", x.command);
  io.field("started", x.started);
  io.field("seed", x.seed);
  io.field("profile", x.profile);
  io.field("machine", x.machine);
  io.field("subjects", x.subjects);
  io.field("accuracy", x.accuracy);
  io.field("speed", x.speed);
}

/// Fills a JSON object.
class Writer {
 public:
  explicit Writer(json& object) : object_(object) { object_ = json::object(); }

  void field(const char* name, const auto& value) { object_[name] = written(value); }
  void one_of(const char* name, const std::string& value, const auto&) { field(name, value); }
  void group(const char* name, const auto& members) {
    Writer inner(object_[name]);
    members(inner);
  }

 private:
  static json written(double x) {
    if (std::isnan(x)) return "nan";
    if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
    return x;
  }
  static json written(const std::string& text) { return text; }
  static json written(std::uint64_t count) { return count; }
  static json written(bool truth) { return truth; }
  template <class T>
  static json written(const std::vector<T>& items) {
    json array = json::array();
    for (const T& item : items) array.push_back(written(item));
    return array;
  }
  template <class T>
  static json written(const std::map<std::string, T>& members) {
    json object = json::object();
    for (const auto& [name, member] : members) object[name] = written(member);
    return object;
  }
  template <class T>
  requires std::is_class_v<T>
  static json written(const T& record) {
    json object;
    Writer writer(object);
    fields(writer, record);
    return object;
  }

  json& object_;
};

/// Reads a JSON object; a refusal names the field by its path from the top.
class Reader {
 public:
  Reader(const json& object, const std::string& where, std::string path)
      : object_(object), where_(where), path_(std::move(path)) {
    if (!object_.is_object()) refuse(path_, "an object", object_);
  }

  void field(const char* name, auto& value) const { read(member(name), path_to(name), value); }

  void one_of(const char* name, std::string& value, const auto& known) const {
    field(name, value);
    if (std::find(known.begin(), known.end(), value) != known.end()) return;
    std::string names;
    for (const std::string_view each : known) {
      if (!each.empty()) names.append(names.empty() ? "" : ", ").append(each);
    }
    refuse(path_to(name), "one of " + names, member(name));
  }

  void group(const char* name, const auto& members) const {
    Reader inner(member(name), where_, path_to(name));
    members(inner);
  }

  [[noreturn]] void refuse(const std::string& path, const std::string& expected, const json& found) const {
    throw BadInput(where_ + ": not a run record: " + (path.empty() ? "" : path + ": ") + "expected " + expected +
                   ", found " + named(found));
  }

 private:
  /// What stands there, for an error's line. A value is shown when it is short, so that it can be searched for.
  static std::string named(const json& found) {
    switch (found.type()) {
      case json::value_t::null:
        return "null";
      case json::value_t::object:
        return "an object";
      case json::value_t::array:
        return "an array";
      case json::value_t::string: {
        const auto& text = found.get_ref<const std::string&>();
        return text.size() <= 40 ? "the string \"" + printable(text, 40) + "\"" : "a string";
      }
      case json::value_t::boolean:
        return found.get<bool>() ? "true" : "false";
      default:
        return "the number " + found.dump();
    }
  }

  [[nodiscard]] std::string path_to(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  [[nodiscard]] const json& member(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) throw BadInput(where_ + ": not a run record: " + path_to(name) + ": missing");
    return *found;
  }

  void read(const json& from, const std::string& path, std::string& text) const {
    if (!from.is_string()) refuse(path, "a string", from);
    text = from.get<std::string>();
  }
  void read(const json& from, const std::string& path, bool& truth) const {
    if (!from.is_boolean()) refuse(path, "true or false", from);
    truth = from.get<bool>();
  }
  void read(const json& from, const std::string& path, std::uint64_t& count) const {
    if (!from.is_number_unsigned()) refuse(path, "a whole number of 0 or more", from);
    count = from.get<std::uint64_t>();
  }
  void read(const json& from, const std::string& path, double& x) const {
    if (from.is_number()) {
      x = from.get<double>();
      return;
    }
    const std::string text = from.is_string() ? from.get<std::string>() : "";
    if (text == "nan") {
      x = std::numeric_limits<double>::quiet_NaN();
    } else if (text == "inf" || text == "-inf") {
      x = std::copysign(std::numeric_limits<double>::infinity(), text == "inf" ? 1.0 : -1.0);
    } else {
      refuse(path, "a number", from);
    }
  }
  template <class T>
  void read(const json& from, const std::string& path, std::vector<T>& items) const {
    if (!from.is_array()) refuse(path, "an array", from);
    items.clear();
    for (std::size_t i = 0; i < from.size(); ++i) {
      read(from[i], path + "[" + std::to_string(i) + "]", items.emplace_back());
    }
  }
  template <class T>
  void read(const json& from, const std::string& path, std::map<std::string, T>& members) const {
    if (!from.is_object()) refuse(path, "an object", from);
    members.clear();
    for (const auto& [name, each] : from.items()) read(each, path + "." + printable(name, 40), members[name]);
  }
  template <class T>
  requires std::is_class_v<T>
  void read(const json& from, const std::string& path, T& record) const {
    Reader inner(from, where_, path);
    fields(inner, record);
  }

  const json& object_;
  const std::string& where_;
  std::string path_;
};

std::string reason() { return std::error_code(errno, std::generic_category()).message(); }

std::string read_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::is_directory(path, error) ? 0 : std::filesystem::file_size(path, error);
  if (error) throw BadInput(path.string() + ": cannot be read: " + error.message());
  if (size > largest_record_bytes) {
    throw BadInput(path.string() + ": not a run record: " + std::to_string(size) + " bytes, and the largest is " +
                   std::to_string(largest_record_bytes));
  }
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size)) || std::filesystem::is_directory(path)) {
    throw BadInput(path.string() + ": cannot be read: name the run.json that an audit left");
  }
  return text;
}

/// The library's reason without its prefix and without the text around the fault, which may be of any length.
std::string json_fault(const json::exception& error) {
  std::string_view fault = error.what();
  fault = fault.substr(0, fault.find("; last read"));
  if (const std::size_t prefix = fault.find(" - "); prefix != std::string_view::npos) fault.remove_prefix(prefix + 3);
  return printable(fault, 120);
}

}  // namespace

json to_json(const RunRecord& record) {
  json object;
  Writer writer(object);
  fields(writer, record);
  object["schema"] = record_schema;
  return object;
}

RunRecord parse_record(const json& object, const std::string& where) {
  const Reader reader(object, where, "");
  std::string schema;
  reader.field("schema", schema);
  if (schema != record_schema) {
    reader.refuse("schema", "\"" + std::string(record_schema) + "\", the one this version reads", object["schema"]);
  }
  RunRecord record;
  fields(reader, record);
  return record;
}

RunRecord load_record(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  json object;
  // A record is six levels deep; brackets upon brackets would take a hundred times their size in memory.
  const auto shallow = [&path](int depth, json::parse_event_t, const json&) {
    if (depth <= 16) return true;
    throw BadInput(path.string() + ": not a run record: nested deeper than any is");
  };
  try {
    object = json::parse(text, shallow);
  } catch (const json::parse_error& error) {
    throw BadInput(path.string() + ": not a run record: malformed JSON at byte " + std::to_string(error.byte) + ": " +
                   json_fault(error));
  } catch (const json::exception& error) {
    throw BadInput(path.string() + ": not a run record: " + json_fault(error));
  }
  return parse_record(object, path.string());
}

void save_record(const RunRecord& record, const std::filesystem::path& path) {
  save_text(path, to_json(record).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

void save_text(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path beside = path.string() + ".part-" + std::to_string(getpid());
  const auto fail = [&](const std::string& why) {
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    throw BadInput(path.string() + ": cannot be written: " + why);
  };
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  if (!file) fail(reason());
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(reason());
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error) fail(error.message());
}

}  // namespace lossaudit
