// A library that chooses its instructions when it is compiled is compiled once for each level of x86-64, as
// NAME/LEVEL.so. This one, NAME.so, hands on the widest that the processor runs: nobody dies of an illegal instruction.
#include <dlfcn.h>

#include <cstdio>
#include <string>

#include "audit/subject.h"

namespace {

using SubjectAt = decltype(&lossaudit_subject_at);

/// The widest level of the x86-64 psABI whose vector instructions the processor and the system have.
const char* widest_level() {
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
  const bool v3 = HAS("avx2") && HAS("fma") && HAS("bmi") && HAS("bmi2");
  const bool v4 = v3 && HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl");
#undef HAS
  return v4 ? "x86-64-v4" : v3 ? "x86-64-v3" : "x86-64";
}

/// This library's path without its ".so": the folder of the levels.
std::string levels_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&lossaudit_subject_at), &info) == 0 || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('.'));
}

/// Null, with a line on standard error, when the level's library is not beside this one.
SubjectAt open_widest() {
  const std::string path = levels_folder() + "/" + widest_level() + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? dlsym(library, "lossaudit_subject_at") : nullptr;
  if (!symbol) std::fprintf(stderr, "%s: build the target adapters again\n", dlerror());
  return reinterpret_cast<SubjectAt>(symbol);
}

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  static const SubjectAt widest = open_widest();
  return widest ? widest(index) : nullptr;
}
