// xsimd's batches, with its own exp, log and log1p.
#include <xsimd/xsimd.hpp>

#include "adapters/composed/losses-inl.hpp"
#include "adapters/kernel_libraries.hpp"

namespace lossaudit::adapters {
namespace {

struct Xsimd {
  using Vec = xsimd::batch<float>;
  static constexpr std::size_t lanes = Vec::size;
  static Vec load(const float* p) { return Vec::load_unaligned(p); }
  static void store(float* p, Vec x) { x.store_unaligned(p); }
  static Vec set(float x) { return Vec(x); }
  static Vec exp(Vec x) { return xsimd::exp(x); }
  static Vec log(Vec x) { return xsimd::log(x); }
  static Vec log1p(Vec x) { return xsimd::log1p(x); }
  static Vec abs(Vec x) { return xsimd::abs(x); }
  static Vec max(Vec a, Vec b) { return xsimd::max(a, b); }
  static Vec min(Vec a, Vec b) { return xsimd::min(a, b); }
  static Vec where_negative(Vec x, Vec a, Vec b) { return xsimd::select(x < Vec(0), a, b); }
  static float sum(Vec x) { return xsimd::hadd(x); }
  static float greatest(Vec x) {
    std::array<float, lanes> each;
    store(each.data(), x);
    return *std::max_element(each.begin(), each.end());
  }
};

}  // namespace

KernelLibrary xsimd_kernels() {
  const auto text = [](int number) { return std::to_string(number); };
  return {"xsimd",
          text(XSIMD_VERSION_MAJOR) + "." + text(XSIMD_VERSION_MINOR) + "." + text(XSIMD_VERSION_PATCH) + ", " +
              xsimd::default_arch::name(),
          Composed<Xsimd>::kernels()};
}

}  // namespace lossaudit::adapters
