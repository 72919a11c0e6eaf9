#include "audit/lengths/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include "audit/checkpoint.hpp"
#include "audit/json_fields.hpp"
#include "audit/json_file.hpp"

namespace lossaudit {

// Outside the unnamed namespace, where json_fields.hpp would not find them.
template <class Io>
void fields(Io& io, MaybeConst<LengthErrors> auto& x) {
  io.field("length", x.length);
  io.field("errors", x.errors);
}

template <class Io>
void fields(Io& io, MaybeConst<CurveState> auto& x) {
  io.field("same_bits", x.same_bits);
  io.field("lengths", x.lengths);
  io.field("growing", x.growing);
  io.field("ended", x.ended);
  io.field("done", x.done);
}

namespace {

using nlohmann::json;

constexpr const char* kind = "a checkpoint of lossaudit lengths";

}  // namespace

void save_curves(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                 const CurveStates& states) {
  json whole;
  JsonWriter writer(whole);
  writer.field("request", request);
  writer.field("curves", states);
  save_text(path, whole.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

CurveStates load_curves(const std::filesystem::path& path, const std::map<std::string, std::string>& request,
                        const std::vector<std::uint64_t>& lengths) {
  const json whole = load_json(path, kind);
  const std::string where = path.string(), what = kind;
  const JsonReader reader(whole, where, what);
  std::map<std::string, std::string> then;
  CurveStates states;
  reader.field("request", then);
  check_same_request(path, then, request, "run");
  reader.field("curves", states);
  for (const auto& [name, state] : states) {
    bool fits = state.lengths.size() <= lengths.size();
    for (std::size_t i = 0; i < state.lengths.size() && fits; ++i) fits = state.lengths[i].length == lengths[i];
    if (!fits) throw BadInput(where + ": holds other lengths than are asked for: leave out --resume");
  }
  return states;
}

}  // namespace lossaudit
