// Test vectors: inputs with their exact results as files, for those who will run no foreign program, and the judgement
// of the answers put beside them.
//
// A folder holds vectors.json (which files there are) and, for each batch, FUNCTION/CONTRACT/GENERATOR-INDEX.safetensors:
// the message of a call as the pipe protocol has it (adapters/protocol.md), and with it what is due. The answer to
// NAME.safetensors is NAME.result.safetensors, with a tensor `result`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "audit/plan.hpp"
#include "audit/profile.hpp"
#include "audit/record.hpp"

namespace lossaudit {

struct VectorsRequest {
  Filter filter;
  std::uint64_t seed = 1;
  std::size_t elements = 1000;  ///< values of the output argument that each generator makes for a contract
  std::filesystem::path directory;
  std::function<void(double done, std::string_view what)> progress;
};

struct VectorsWritten {
  std::size_t contracts = 0, files = 0;
  std::uintmax_t bytes = 0;
};

/// Writes the vectors, and a README.md that says how to read and answer them. Throws BadInput when the folder is not
/// empty or cannot be written.
VectorsWritten write_vectors(const VectorsRequest& request);

struct JudgeRequest {
  std::filesystem::path directory;
  std::string name;  ///< of the subject, in the record
  const Profile* profile = nullptr;
  std::filesystem::path case_directory;  ///< where cases too long for a command line are written; empty: nowhere
  std::function<void(double done, std::string_view what)> progress;
};

/// Measures the answers in a folder of vectors against exact results that are computed again from the files' inputs. A contract without
/// answers is unsupported, and an answer that is none is a failure of its contract. Throws BadInput when the folder
/// holds no vectors, or no answers at all.
RunRecord judge_vectors(const JudgeRequest& request);

}  // namespace lossaudit
