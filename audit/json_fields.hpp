// Structures as JSON objects: the names of a structure's fields stand once, in a function
//   template <class Io> void fields(Io& io, MaybeConst<Structure> auto& x) { io.field("name", x.name); … }
// which a JsonWriter and a JsonReader walk alike. What is read is believed in nothing: each type is checked.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "audit/maybe_const.hpp"
#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// Fills a JSON object.
class JsonWriter {
  using json = nlohmann::json;

 public:
  explicit JsonWriter(json& object) : object_(object) { object_ = json::object(); }

  void field(const char* name, const auto& value) { object_[name] = written(value); }
  /// A field that stands there only when it differs from what it is without.
  template <class T>
  void optional(const char* name, const T& value, const T& without = {}) {
    if (value != without) field(name, value);
  }
  void one_of(const char* name, const std::string& value, const auto&) { field(name, value); }
  void group(const char* name, const auto& members) {
    JsonWriter inner(object_[name]);
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
    return list_of(items);
  }
  template <class T, std::size_t count>
  static json written(const std::array<T, count>& items) {
    return list_of(items);
  }
  static json list_of(const auto& items) {
    json array = json::array();
    for (const auto& item : items) array.push_back(written(item));
    return array;
  }
  template <class T>
  static json written(const std::map<std::string, T>& members) {
    json object = json::object();
    for (const auto& [name, member] : members) object[name] = written(member);
    return object;
  }
  template <class T>
  static json written(const std::map<std::int64_t, T>& members) {
    json object = json::object();
    for (const auto& [number, member] : members) object[std::to_string(number)] = written(member);
    return object;
  }
  template <class T>
  requires std::is_class_v<T>
  static json written(const T& record) {
    json object;
    JsonWriter writer(object);
    fields(writer, record);
    return object;
  }

  json& object_;
};

/// Reads a JSON object; a refusal names the field by its path from the top.
class JsonReader {
  using json = nlohmann::json;

 public:
  /// `where` names the file in a refusal, `kind` what it is to be ("a run record").
  JsonReader(const json& object, const std::string& where, const std::string& kind, std::string path = "")
      : object_(object), where_(where), kind_(kind), path_(std::move(path)) {
    if (!object_.is_object()) refuse(path_, "an object", object_);
  }

  void field(const char* name, auto& value) const { read(member(name), path_to(name), value); }
  template <class T>
  void optional(const char* name, T& value, const T& without = {}) const {
    value = without;
    if (object_.contains(name)) field(name, value);
  }

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
    JsonReader inner(member(name), where_, kind_, path_to(name));
    members(inner);
  }

  [[nodiscard]] const json& json_object() const { return object_; }

  /// A field's place from the top, as refuse() names it.
  [[nodiscard]] std::string path_to(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  [[noreturn]] void refuse(const std::string& path, const std::string& expected, const json& found) const {
    throw BadInput(where_ + ": not " + kind_ + ": " + (path.empty() ? "" : path + ": ") + "expected " + expected +
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

  [[nodiscard]] const json& member(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) throw BadInput(where_ + ": not " + kind_ + ": " + path_to(name) + ": missing");
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
  template <class T, std::size_t count>
  void read(const json& from, const std::string& path, std::array<T, count>& items) const {
    if (!from.is_array() || from.size() != count) refuse(path, "an array of " + std::to_string(count), from);
    for (std::size_t i = 0; i < count; ++i) read(from[i], path + "[" + std::to_string(i) + "]", items[i]);
  }
  template <class T>
  void read(const json& from, const std::string& path, std::map<std::string, T>& members) const {
    if (!from.is_object()) refuse(path, "an object", from);
    members.clear();
    for (const auto& [name, each] : from.items()) read(each, path + "." + printable(name, 40), members[name]);
  }
  template <class T>
  void read(const json& from, const std::string& path, std::map<std::int64_t, T>& members) const {
    if (!from.is_object()) refuse(path, "an object", from);
    members.clear();
    for (const auto& [name, each] : from.items()) {
      std::int64_t number = 0;
      const char* const end = name.data() + name.size();
      if (std::from_chars(name.data(), end, number).ptr != end) refuse(path, "whole numbers as names", name);
      read(each, path + "." + printable(name, 40), members[number]);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void read(const json& from, const std::string& path, T& record) const {
    JsonReader inner(from, where_, kind_, path);
    fields(inner, record);
  }

  const json& object_;
  const std::string& where_;
  const std::string& kind_;
  std::string path_;
};

}  // namespace lossaudit
