// Plain C++ over the C library's functions, one value at a time: what anyone would write, and what the compiler makes of
// it. Compiled twice: with -O3, and with -Ofast, where GCC takes glibc's vector functions (libmvec).
#include "adapters/composed/losses-inl.hpp"
#include "adapters/kernel_libraries.hpp"

namespace lossaudit::adapters {
namespace {

struct Scalar {
  using Vec = float;
  static constexpr std::size_t lanes = 1;
  static Vec load(const float* p) { return *p; }
  static void store(float* p, Vec x) { *p = x; }
  static Vec set(float x) { return x; }
  static Vec exp(Vec x) { return std::exp(x); }
  static Vec log(Vec x) { return std::log(x); }
  static Vec log1p(Vec x) { return std::log1p(x); }
  static Vec abs(Vec x) { return std::fabs(x); }
  static Vec max(Vec a, Vec b) { return a > b ? a : b; }
  static Vec min(Vec a, Vec b) { return a < b ? a : b; }
  static Vec where_negative(Vec x, Vec a, Vec b) { return x < 0 ? a : b; }
  static float sum(Vec x) { return x; }
  static float greatest(Vec x) { return x; }
};

}  // namespace

#ifdef COMPOSED_OFAST
KernelLibrary libmvec_kernels() { return {"libmvec", "-Ofast -march=" COMPOSED_LEVEL, Composed<Scalar>::kernels()}; }
#else
KernelLibrary libm_kernels() { return {"libm", "-O3", Composed<Scalar>::kernels()}; }
#endif

}  // namespace lossaudit::adapters
