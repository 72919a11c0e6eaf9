// The subjects that have a name of their own: the built-in one, and the bundled adapters.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "audit/fast_subject.hpp"
#include "audit/subject.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

/// One row of the table of bundled adapters: adapters/NAME builds bin/adapters/NAME.so.
struct Adapter {
  std::string_view name;
  std::string_view description;
  std::string_view package;  ///< the Debian package that its build needs, or ""
};
constexpr Adapter adapters[] = {
    {"eigen", "Eigen's array functions", "libeigen3-dev"},
    {"onednn", "oneDNN's primitives", "libdnnl-dev"},
    {"plain", "the textbook formulas in naive C++", ""},
};

/// Folders of adapters: those of $LOSSAUDIT_ADAPTERS (separated by colons), then the ones beside the running program and of its installation.
std::vector<fs::path> adapter_folders() {
  std::vector<fs::path> folders;
  if (const char* set = std::getenv("LOSSAUDIT_ADAPTERS"); set != nullptr) {
    for (std::string_view rest = set; !rest.empty();) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end != 0) folders.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return folders;
  const fs::path here = program.parent_path();
  folders.push_back(here / "adapters");
  folders.push_back(here.parent_path() / LOSSAUDIT_LIBDIR / "lossaudit" / "adapters");  // installed
  return folders;
}

std::optional<fs::path> adapter_library(std::string_view name) {
  std::error_code ignored;
  for (const fs::path& folder : adapter_folders()) {
    fs::path library = folder / (std::string(name) + ".so");
    if (fs::is_regular_file(library, ignored)) return library;
  }
  return std::nullopt;
}

std::string remedy(const Adapter& adapter) {
  std::string text = "build the target " + std::string(adapter.name);
  if (!adapter.package.empty()) text += " with the package " + std::string(adapter.package) + " installed";
  return text + ", or name the folder that holds it in LOSSAUDIT_ADAPTERS";
}

bool is_path(std::string_view argument) {
  return argument.find('/') != std::string_view::npos || argument.ends_with(".so") ||
         argument.find(".so:") != std::string_view::npos;
}

}  // namespace

std::vector<KnownSubject> known_subjects() {
  std::vector<KnownSubject> known;
  known.push_back({"fast", "this project's own kernels, built in", true, ""});
  for (const Adapter& adapter : adapters) {
    const bool ready = adapter_library(adapter.name).has_value();
    known.push_back({std::string(adapter.name), std::string(adapter.description), ready, ready ? "" : remedy(adapter)});
  }
  // Whatever else lies in the folders: an adapter needs no row above to be used.
  for (const fs::path& folder : adapter_folders()) {
    std::error_code error;
    std::vector<KnownSubject> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().stem().string();
      const bool is_new = std::ranges::find(known, name, &KnownSubject::name) == known.end();
      if (entry.path().extension() == ".so" && is_new) found.push_back({name, "found in " + folder.string(), true, ""});
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
  if (const std::optional<fs::path> library = adapter_library(name)) {
    return open_library(library->string() + argument.substr(name.size()));
  }
  std::vector<std::string> names;
  for (const KnownSubject& known : known_subjects()) {
    if (known.name == name) throw BadInput("subject " + name + " is not built: " + known.remedy);
    names.push_back(known.name);
  }
  std::string nearest;
  for (const std::string& near : nearest_names(name, names)) nearest += (nearest.empty() ? "" : ", ") + near;
  throw BadInput("unknown subject '" + printable(argument, 60) + "': did you mean " + nearest +
                 "? (lossaudit list subjects; a library is named by its path, as in ./libmine.so, and a program by "
                 "'cmd:COMMAND')");
}

}  // namespace lossaudit
