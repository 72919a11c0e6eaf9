#include "audit/library_host.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <exception>
#include <string_view>
#include <vector>

#include "audit/subject.h"

namespace lossaudit {
namespace {

using SubjectAt = const lossaudit_subject* (*)(std::size_t);

template <typename Message>
void answer(const Message& message) {
  // The parent has gone, or does not read: nobody is left to serve.
  if (send(ChildProcess::channel_descriptor, &message, sizeof message, MSG_NOSIGNAL) != sizeof message) _exit(1);
}

void say(Said::Kind kind, std::string_view text = "") {
  Said said{.kind = kind, .length = static_cast<std::uint32_t>(std::min(text.size(), sizeof said.text))};
  std::copy_n(text.data(), said.length, said.text.data());
  answer(said);
}

/// A stranger's string, read no further than anybody will look.
std::string_view bounded(const char* text) { return {text, strnlen(text, sizeof Said::text)}; }

void say_subject(const lossaudit_subject& subject) {
  say(Said::Kind::subject);
  if (subject.abi_version != LOSSAUDIT_ABI_VERSION) {
    say(Said::Kind::wrong_abi, std::to_string(subject.abi_version));
    return;
  }
  if (subject.name != nullptr) say(Said::Kind::name, bounded(subject.name));
  if (subject.version != nullptr) say(Said::Kind::version, bounded(subject.version));
  if (subject.contracts == nullptr) say(Said::Kind::missing, "contracts");
  if (subject.compute == nullptr) say(Said::Kind::missing, "compute");
  if (subject.contracts == nullptr) return;
  for (std::size_t i = 0; i <= max_contract_lines && subject.contracts[i] != nullptr; ++i) {
    say(Said::Kind::contract_line, bounded(subject.contracts[i]));
  }
}

/// The library's subjects; ends the process when it has none to give.
std::vector<const lossaudit_subject*> load(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    say(Said::Kind::cannot_load, bounded(dlerror()));
    _exit(0);
  }
  const auto subject_at = reinterpret_cast<SubjectAt>(dlsym(library, "lossaudit_subject_at"));
  if (subject_at == nullptr) {
    say(Said::Kind::no_entry);
    _exit(0);
  }
  std::vector<const lossaudit_subject*> subjects;
  while (const lossaudit_subject* subject = subject_at(subjects.size())) {
    if (subjects.size() == max_subjects) {
      say(Said::Kind::too_many_subjects);
      _exit(0);
    }
    say_subject(*subject);
    subjects.push_back(subject);
  }
  say(Said::Kind::done);
  return subjects;
}

/// Lets the allocator keep what a subject frees between two calls. Given back to the system, every page of a subject's
/// temporaries would be faulted in again at the next call, which took four fifths of a textbook formula's time.
void keep_freed_memory() {
  constexpr int kept = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kept / 2);
  mallopt(M_TRIM_THRESHOLD, kept);
}

Reply call(const Request& request, const lossaudit_subject& subject, const TensorPlaces& places) {
  Reply reply{.number = request.number, .times = request.times};
  const lossaudit_contract contract = to_abi(request.contract);
  const lossaudit_tensors tensors = to_abi(request.shape, places, request.result_count);
  const auto threw = [&](std::string_view what) {
    reply.kind = Reply::Kind::threw;
    std::copy_n(what.data(), std::min(what.size(), reply.what.size() - 1), reply.what.data());
  };
  try {
    reply.status = subject.compute(&contract, &tensors);
    if (reply.status == LOSSAUDIT_OK && reply.times.repetitions > 0) {
      time_calls(reply.times, [&] { subject.compute(&contract, &tensors); });
    }
  } catch (const std::exception& thrown) {
    threw(bounded(thrown.what()));
  } catch (...) {
    threw("");
  }
  return reply;
}

}  // namespace

void serve_library(const std::string& path) {
  note_faults();
  keep_freed_memory();
  const std::vector<const lossaudit_subject*> subjects = load(path);
  // Loading may leave flush-to-zero on (a library linked with -ffast-math): its users live with that, so it is judged
  // with it. What a call leaves behind is not carried into the next, or results would depend on the order of calls.
  std::fenv_t as_loaded;
  std::fegetenv(&as_loaded);

  ChildTensors tensors;
  Request request;
  while (recv(ChildProcess::channel_descriptor, &request, sizeof request, 0) == sizeof request) {
    TensorPlaces places{};
    if (request.subject >= subjects.size() || !tensors.map(request.layout, request.bytes, places)) {
      answer(Reply{.number = request.number, .kind = Reply::Kind::no_memory});
      continue;
    }
    std::fesetenv(&as_loaded);
    answer(call(request, *subjects[request.subject], places));
  }
}

}  // namespace lossaudit
