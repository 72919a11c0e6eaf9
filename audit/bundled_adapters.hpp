// The bundled adapters: what each is called, where it lies, whether it can run here, and the line that readies it.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lossaudit {

/// One row of the table of bundled adapters.
struct BundledAdapter {
  enum class Kind : std::uint8_t { library, python, node };

  std::string_view name;
  std::string_view description;
  Kind kind;
  std::string_view file;      ///< in a folder of adapters: "eigen.so", "pytorch/pytorch.py"
  std::string_view argument;  ///< of a program, or ""
  /// The Debian packages that its build (a library) or its running (a program) needs, or "".
  std::string_view packages;
  /// Whose presence is looked for: a Python distribution ("scikit-learn") or an npm package ("onnxruntime-node"); a
  /// library has "".
  std::string_view peer;
};
std::span<const BundledAdapter> bundled_adapters();

/// Folders of adapters: those of $LOSSAUDIT_ADAPTERS (separated by colons), then the ones beside the running program
/// and of its installation.
std::vector<std::filesystem::path> adapter_folders();

/// The first of those folders that holds this file.
std::optional<std::filesystem::path> folder_of_adapter(std::string_view file);

/// What is there of a bundled adapter.
struct AdapterState {
  std::filesystem::path file;  ///< empty: not built
  std::string version;         ///< of the peer that a program calls, where it is installed
  std::string remedy;          ///< one command line that readies it; "" when it is ready
  [[nodiscard]] bool ready() const { return remedy.empty(); }
};
AdapterState state_of(const BundledAdapter& adapter);

/// What a shell runs to start an adapter that is a program.
std::string command_of(const BundledAdapter& adapter, const std::filesystem::path& file);

}  // namespace lossaudit
