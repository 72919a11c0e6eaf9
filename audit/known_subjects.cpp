// The subjects that have a name of their own: the built-in one, and the bundled adapters.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "audit/bundled_adapters.hpp"
#include "audit/fast_subject.hpp"
#include "audit/subject.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

bool is_path(std::string_view argument) {
  return argument.find('/') != std::string_view::npos || argument.ends_with(".so") ||
         argument.find(".so:") != std::string_view::npos;
}

/// `rest`: what followed its name, ":ONE" of several subjects.
std::vector<std::unique_ptr<Subject>> open_adapter(const BundledAdapter& adapter, const std::string& rest) {
  const AdapterState state = state_of(adapter);
  if (!state.ready()) throw BadInput("subject " + std::string(adapter.name) + " is not ready: " + state.remedy);
  if (adapter.kind == BundledAdapter::Kind::library) return open_library(state.file.string() + rest);
  if (!rest.empty()) throw BadInput("subject " + std::string(adapter.name) + " is one alone: leave out '" + rest + "'");
  std::vector<std::unique_ptr<Subject>> subjects;
  subjects.push_back(open_program(command_of(adapter, state.file)));
  return subjects;
}

}  // namespace

std::vector<KnownSubject> known_subjects() {
  std::vector<KnownSubject> known;
  known.push_back({"fast", "this project's own kernels, built in", "", true, ""});
  for (const BundledAdapter& adapter : bundled_adapters()) {
    const AdapterState state = state_of(adapter);
    known.push_back(
        {std::string(adapter.name), std::string(adapter.description), state.version, state.ready(), state.remedy});
  }
  // Whatever else lies in the folders: an adapter needs no row above to be used.
  for (const fs::path& folder : adapter_folders()) {
    std::error_code error;
    std::vector<KnownSubject> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().stem().string();
      const bool is_new = std::ranges::find(known, name, &KnownSubject::name) == known.end();
      if (entry.path().extension() != ".so" || !is_new) continue;
      found.push_back({name, "found in " + folder.string(), "", true, ""});
    }
    std::ranges::sort(found, {}, &KnownSubject::name);
    known.insert(known.end(), found.begin(), found.end());
  }
  return known;
}

std::vector<std::unique_ptr<Subject>> open_subjects(const std::string& argument) {
  if (argument == "fast") {
    std::vector<std::unique_ptr<Subject>> subjects;
    subjects.push_back(make_builtin(fast_subject()));
    return subjects;
  }
  if (argument.starts_with("cmd:")) {
    std::vector<std::unique_ptr<Subject>> subjects;
    subjects.push_back(open_program(argument.substr(4)));
    return subjects;
  }
  if (is_path(argument)) return open_library(argument.find('/') == std::string::npos ? "./" + argument : argument);

  const std::string name = argument.substr(0, argument.find(':'));
  const auto bundled = bundled_adapters();
  if (const auto adapter = std::ranges::find(bundled, name, &BundledAdapter::name); adapter != bundled.end()) {
    return open_adapter(*adapter, argument.substr(name.size()));
  }
  if (const std::optional<fs::path> folder = folder_of_adapter(name + ".so")) {
    return open_library((*folder / (name + ".so")).string() + argument.substr(name.size()));
  }
  std::vector<std::string> names;
  for (const KnownSubject& known : known_subjects()) names.push_back(known.name);
  std::string nearest;
  for (const std::string& near : nearest_names(name, names)) nearest += (nearest.empty() ? "" : ", ") + near;
  throw BadInput("unknown subject '" + printable(argument, 60) + "': did you mean " + nearest +
                 "? (lossaudit list subjects; a library is named by its path, as in ./libmine.so, and a program by "
                 "'cmd:COMMAND')");
}

}  // namespace lossaudit
