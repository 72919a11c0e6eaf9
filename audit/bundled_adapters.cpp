#include "audit/bundled_adapters.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/case.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;
using Kind = BundledAdapter::Kind;

constexpr BundledAdapter table[] = {
    {"plain", "the textbook formulas in naive C++, -O3", Kind::library, "plain.so", "", "", ""},
    {"plain-ofast", "the same at -Ofast", Kind::library, "plain-ofast.so", "", "", ""},
    {"eigen", "Eigen's array functions", Kind::library, "eigen.so", "", "libeigen3-dev", ""},
    {"onednn", "oneDNN's primitives", Kind::library, "onednn.so", "", "libdnnl-dev", ""},
    {"xnnpack", "XNNPACK's operators", Kind::library, "xnnpack.so", "",
     "libxnnpack-dev libpthreadpool-dev libcpuinfo-dev", ""},
    {"dlib", "dlib's layers", Kind::library, "dlib.so", "", "libdlib-dev", ""},
    {"opencv", "OpenCV dnn's layers", Kind::library, "opencv.so", "", "libopencv-dnn-dev", ""},
    {"pytorch", "torch.nn.functional, and autograd", Kind::python, "pytorch/pytorch.py", "",
     "python3-torch python3-numpy", "torch"},
    {"scipy", "scipy.special", Kind::python, "scipy/scipy_special.py", "", "python3-scipy", "scipy"},
    {"scikit-learn", "its metrics and loss functions", Kind::python, "scikit-learn/scikit_learn.py", "",
     "python3-sklearn", "scikit-learn"},
    {"onnxruntime", "ONNX Runtime on models of one operator", Kind::node, "onnxruntime/onnxruntime.mjs", "",
     "nodejs npm", "onnxruntime-node"},
    {"onnxruntime-opset12", "the same with the operators of opset 12", Kind::node, "onnxruntime/onnxruntime.mjs", "12",
     "nodejs npm", "onnxruntime-node"},
    {"tfjs", "TensorFlow.js in JavaScript", Kind::node, "tfjs/tfjs.mjs", "cpu", "nodejs npm", "@tensorflow/tfjs"},
    {"tfjs-wasm", "TensorFlow.js in WebAssembly", Kind::node, "tfjs/tfjs.mjs", "wasm", "nodejs npm",
     "@tensorflow/tfjs-backend-wasm"},
};

constexpr const char* python =
    "/usr/bin/python3";  // Debian's, whose packages these are: another may be first on the PATH

std::optional<fs::path> on_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    fs::path candidate = fs::path(rest.substr(0, end)) / program;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

/// A Python distribution's name as the folders of metadata spell it: lower case, '-' and '.' as '_' (PEP 503, PEP 427).
std::string normalised(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '-' || c == '.' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// The version of a distribution that Debian's Python sees: its metadata is a folder NAME-VERSION.dist-info or
/// .egg-info. Starting Python to ask would take a tenth of a second each time.
std::optional<std::string> python_distribution(std::string_view wanted) {
  std::vector<fs::path> places = {"/usr/lib/python3/dist-packages"};
  const char* home = std::getenv("HOME");
  for (const fs::path& root : {fs::path("/usr/local/lib"), fs::path(home != nullptr ? home : "/") / ".local/lib"}) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(root, none)) {
      if (!entry.path().filename().string().starts_with("python3")) continue;
      places.push_back(entry.path() / "dist-packages");
      places.push_back(entry.path() / "site-packages");
    }
  }
  for (const fs::path& place : places) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(place, none)) {
      const std::string kind = entry.path().extension().string(), stem = entry.path().stem().string();
      if (kind != ".dist-info" && kind != ".egg-info") continue;
      const std::size_t dash = stem.find('-');
      if (normalised(stem.substr(0, dash)) == normalised(wanted)) {
        return dash == std::string::npos ? "" : stem.substr(dash + 1);
      }
    }
  }
  return std::nullopt;
}

/// The version of an npm package as a script in `folder` finds it: in node_modules there or further up.
std::optional<std::string> npm_package(std::string_view wanted, const fs::path& folder) {
  std::error_code none;
  for (fs::path at = fs::absolute(folder, none); !at.empty(); at = at.parent_path()) {
    std::ifstream file(at / "node_modules" / wanted / "package.json");
    if (file) {
      const auto json = nlohmann::json::parse(file, nullptr, false);
      const bool tells = json.is_object() && json.contains("version") && json["version"].is_string();
      return tells ? json["version"].get<std::string>() : "";
    }
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

/// A path as one types it: from the working folder where that is above it.
std::string typed(const fs::path& path) {
  std::error_code error;
  const fs::path relative = fs::relative(path, error);
  const bool below = !error && !relative.empty() && *relative.begin() != "..";
  return shell_quoted((below ? relative : path).string());
}

std::string install(std::string_view packages) { return "sudo apt-get install " + std::string(packages); }

std::string build(const BundledAdapter& adapter) {
  const bool needs = adapter.kind == Kind::library && !adapter.packages.empty();
  return (needs ? install(adapter.packages) + " && " : "") + "make adapters";
}

}  // namespace

std::span<const BundledAdapter> bundled_adapters() { return table; }

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

std::optional<fs::path> folder_of_adapter(std::string_view file) {
  std::error_code ignored;
  for (const fs::path& folder : adapter_folders()) {
    if (fs::is_regular_file(folder / file, ignored)) return folder;
  }
  return std::nullopt;
}

AdapterState state_of(const BundledAdapter& adapter) {
  AdapterState state;
  const std::optional<fs::path> folder = folder_of_adapter(adapter.file);
  if (!folder) {
    state.remedy = build(adapter);
    return state;
  }
  state.file = *folder / adapter.file;
  std::optional<std::string> version;
  switch (adapter.kind) {
    case Kind::library:
      return state;
    case Kind::python:
      version = python_distribution(adapter.peer);
      if (!version || access(python, X_OK) != 0) state.remedy = install(adapter.packages);
      break;
    case Kind::node:
      version = npm_package(adapter.peer, state.file.parent_path());
      // What is installed, and in which versions, says package.json in the folder of adapters.
      if (!version) state.remedy = "npm install --ignore-scripts --prefix " + typed(*folder);
      if (!on_path("node")) state.remedy = install(adapter.packages) + (version ? "" : " && " + state.remedy);
      break;
  }
  state.version = printable(version.value_or(""), 64);
  return state;
}

std::string command_of(const BundledAdapter& adapter, const fs::path& file) {
  std::string command = adapter.kind == Kind::python ? python : "node";
  command += " " + shell_quoted(file.string());
  if (!adapter.argument.empty()) command += " " + std::string(adapter.argument);
  return command;
}

}  // namespace lossaudit
