#include "audit/vectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/json_file.hpp"
#include "audit/machine.hpp"
#include "audit/trial.hpp"
#include "audit/vector_file.hpp"
#include "audit/vectors_readme.hpp"
#include "audit/workers.hpp"

namespace lossaudit {

/// One file, relative to the folder.
struct ListedVector {
  std::string file, contract;
};

/// vectors.json.
struct VectorsList {
  std::string tool;
  std::uint64_t seed = 0;
  std::vector<ListedVector> files;
};

// Outside the unnamed namespace, where json_fields.hpp would not find them.
template <class Io>
void fields(Io& io, MaybeConst<ListedVector> auto& x) {
  io.field("file", x.file);
  io.field("contract", x.contract);
}
template <class Io>
void fields(Io& io, MaybeConst<VectorsList> auto& x) {
  io.field("tool", x.tool);
  io.field("seed", x.seed);
  io.field("files", x.files);
}

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* schema = "lossaudit-vectors/1";
constexpr const char* list_name = "vectors.json";
constexpr const char* kind = "a list of lossaudit's test vectors";
constexpr std::string_view ending = ".safetensors", answer_ending = ".result.safetensors";

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

void report(const std::function<void(double, std::string_view)>& progress, std::size_t done, std::size_t of,
            std::string_view what) {
  if (progress) progress(static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(of, 1)), what);
}

// ---- writing

void prepare_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const bool is_empty = !error && fs::is_empty(directory, error);
  if (error) throw BadInput("cannot write to " + directory.string() + ": give -o a folder that can be written");
  if (!is_empty)
    throw BadInput(directory.string() +
                   " is not empty: give -o a new folder, so that old answers are not taken for new ones");
}

/// "exact-f32-forward-reduction=mean-ignore_index=-100": the contract but for its function.
std::string folder_of(const Contract& contract) {
  std::string name = to_string(contract);
  name.erase(0, name.find(' ') + 1);
  std::ranges::replace(name, ' ', '-');
  return name;
}

/// "log_grid/0/3" becomes "log_grid-3".
std::string name_of(const Batch& batch) {
  return batch.origin.substr(0, batch.origin.find('/')) +
         batch.origin.substr(batch.origin.rfind('/')).replace(0, 1, "-");
}

struct WrittenFiles {
  std::string what;
  std::vector<ListedVector> files;
  std::uintmax_t bytes = 0;
};

/// A generator's batches for one contract.
WrittenFiles write_batches(const VectorsRequest& request, const PlannedContract& planned, const Generator& generator) {
  const Contract& contract = planned.contract;
  WrittenFiles written{std::string(traits(contract.function).name) + ", " + generator.name, {}, 0};
  const fs::path folder = fs::path(traits(contract.function).name) / folder_of(contract);
  fs::create_directories(request.directory / folder);
  const auto elements = static_cast<std::size_t>(static_cast<double>(request.elements) * planned.share);
  for (const Batch& batch : make_batches(generator, contract, elements, request.seed, 0)) {
    const std::string blob = to_vector_file(contract, batch, expect(contract, batch));
    const fs::path file = folder / (name_of(batch) + std::string(ending));
    save_text(request.directory / file, blob);
    written.files.push_back({file.string(), to_string(contract)});
    written.bytes += blob.size();
  }
  return written;
}

// ---- judging

/// What stands for the subject, which nobody can call.
class Answers final : public Subject {
 public:
  Answers(std::string name, std::string origin) : name_(std::move(name)), origin_(std::move(origin)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string version() const override { return "as answered"; }
  [[nodiscard]] std::string origin() const override { return origin_; }
  [[nodiscard]] bool supports(const Contract& /*contract*/) const override { return true; }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return ""; }
  Outcome compute(const Contract& /*contract*/, const Batch& /*batch*/, std::span<double> /*results*/) override {
    return {Outcome::Kind::unsupported, "only files are there"};
  }

 private:
  std::string name_, origin_;
};

VectorsList load_list(const fs::path& directory) {
  const fs::path path = directory / list_name;
  if (!fs::exists(path)) {
    throw BadInput(fmt::format("{} holds no test vectors: write them with lossaudit vectors -o {}", directory.string(),
                               directory.string()));
  }
  const json object = load_json(path, kind);
  const std::string where = path.string(), what = kind;
  const JsonReader reader(object, where, what);
  std::string found;
  reader.field("schema", found);
  if (found != schema) reader.refuse("schema", "\"" + std::string(schema) + "\"", object["schema"]);
  VectorsList list;
  fields(reader, list);
  for (const ListedVector& listed : list.files) {
    const fs::path file(listed.file);
    const bool inside = file.is_relative() && std::ranges::find(file, "..") == file.end();
    if (!inside || !listed.file.ends_with(ending)) reader.refuse("files", "files of this folder", listed.file);
  }
  return list;
}

/// One file with its answer.
struct Answered {
  Contract contract;
  std::shared_ptr<const Batch> batch;
  std::vector<Expected> exact;
  std::vector<double> computed;
  Outcome outcome;
};

Answered read_answered(const fs::path& directory, const ListedVector& listed) {
  const fs::path path = directory / listed.file;
  Answered answered;
  try {
    Vector vector = parse_vector_file(read_bytes(path));
    if (to_string(vector.contract) != listed.contract)
      throw BadInput("it is not of the contract that vectors.json says");
    answered.contract = vector.contract;
    answered.batch = std::make_shared<const Batch>(std::move(vector.batch));
  } catch (const BadInput& error) {
    throw BadInput(path.string() + ": " + error.what() + ": write the vectors again");
  }
  std::string name = listed.file;
  name.replace(name.size() - ending.size(), ending.size(), answer_ending);
  if (!fs::exists(directory / name)) {
    answered.outcome = {Outcome::Kind::unsupported, "no answer"};
    return answered;
  }
  answered.computed.resize(result_size(answered.contract, answered.batch->shape));
  try {
    answered.outcome =
        parse_answer(read_bytes(directory / name), answered.contract, answered.batch->shape, answered.computed);
  } catch (const BadInput& error) {
    answered.outcome = {Outcome::Kind::failed, error.what()};
  }
  if (answered.outcome.kind == Outcome::Kind::failed) {
    answered.outcome.detail = printable(name + " " + answered.outcome.detail, 400);
  }
  if (answered.outcome.kind == Outcome::Kind::computed) answered.exact = expect(answered.contract, *answered.batch);
  return answered;
}

void add(const Answered& answered, std::size_t generator, Trial& trial) {
  if (std::ranges::find(trial.generators, generator) == trial.generators.end()) trial.generators.push_back(generator);
  if (answered.outcome.kind == Outcome::Kind::computed) {
    trial.results.add(answered.batch, answered.exact, answered.computed);
  } else if (answered.outcome.kind == Outcome::Kind::unsupported) {
    ++trial.refused;
  } else if (trial.failed_on == nullptr) {
    trial.failure = answered.outcome;
    trial.failed_on = answered.batch;
  }
}

std::size_t generator_of(const Batch& batch) {
  const std::string name = batch.origin.substr(0, batch.origin.find('/'));
  const auto found = std::ranges::find(generators(), name, &Generator::name);
  if (found == generators().end())
    throw BadInput("vectors of a generator '" + printable(name, 40) + "' that this version has not");
  return static_cast<std::size_t>(found - generators().begin());
}

}  // namespace

VectorsWritten write_vectors(const VectorsRequest& request) {
  prepare_directory(request.directory);
  const std::vector<PlannedContract> contracts = plan(request.filter);
  OrderedWorkers<WrittenFiles> workers(cores());
  std::size_t tasks = 0;
  for (const PlannedContract& planned : contracts) {
    for (const Generator& generator : generators()) {
      if (!generator.applies(planned.contract)) continue;
      workers.give([&request, &planned, &generator] { return write_batches(request, planned, generator); });
      ++tasks;
    }
  }
  VectorsList list{tool_version() + " " + tool_revision(), request.seed, {}};
  VectorsWritten written{contracts.size(), 0, 0};
  for (std::size_t done = 0; done < tasks; ++done) {
    WrittenFiles files = workers.take();
    report(request.progress, done, tasks, files.what);
    written.bytes += files.bytes;
    std::ranges::move(files.files, std::back_inserter(list.files));
  }
  written.files = list.files.size();
  json object;
  JsonWriter writer(object);
  fields(writer, list);
  object["schema"] = schema;
  save_text(request.directory / "README.md", vectors_readme);
  save_text(request.directory / list_name, object.dump(1) + "\n");  // last: a folder without it is not finished
  return written;
}

RunRecord judge_vectors(const JudgeRequest& request) {
  const VectorsList list = load_list(request.directory);
  std::vector<std::unique_ptr<Trial>> trials;
  std::map<std::string, Trial*> by_contract;
  OrderedWorkers<Answered> workers(cores());
  std::size_t given = 0;
  bool any = false;
  for (std::size_t done = 0; done < list.files.size(); ++done) {
    for (; given < list.files.size() && workers.pending() < 3 * cores(); ++given) {
      workers.give([&request, &listed = list.files[given]] { return read_answered(request.directory, listed); });
    }
    const Answered answered = workers.take();
    Trial*& trial = by_contract[list.files[done].contract];
    if (trial == nullptr) {
      trials.push_back(std::make_unique<Trial>(answered.contract, budget(*request.profile, answered.contract)));
      trial = trials.back().get();
    }
    add(answered, generator_of(*answered.batch), *trial);
    any = any || answered.outcome.kind != Outcome::Kind::unsupported;
    report(request.progress, done, list.files.size(), list.files[done].contract);
  }
  if (!any) {
    throw BadInput(request.directory.string() +
                   " holds no answers: put NAME.result.safetensors beside NAME.safetensors (README.md there says how)");
  }

  Answers answers(request.name, request.directory.string());
  const Conclusion conclusion{answers,   "lossaudit reference",  default_profile,
                              list.seed, request.case_directory, [] { return false; }};
  RunRecord record;
  record.tool_version = tool_version();
  record.tool_revision = tool_revision();
  record.seed = list.seed;
  record.profile = request.profile->name;
  record.machine = this_machine();
  record.subjects.push_back({answers.name(), answers.version(), answers.origin(), true});
  for (const std::unique_ptr<Trial>& trial : trials) {
    std::optional<Accuracy> accuracy = conclude(*trial, conclusion);
    if (!accuracy) continue;
    accuracy->subject = answers.name();
    record.accuracy.push_back(std::move(*accuracy));
  }
  return record;
}

}  // namespace lossaudit
