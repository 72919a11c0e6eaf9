// SLEEF's vector functions of 1 ulp ("u10").
#include <immintrin.h>
#include <sleef.h>

#include "adapters/composed/losses-inl.hpp"
#include "adapters/kernel_libraries.hpp"

namespace lossaudit::adapters {
namespace {

#if defined(__AVX512F__)
struct Sleef {
  using Vec = __m512;
  static constexpr std::size_t lanes = 16;
  static Vec load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
  static Vec set(float x) { return _mm512_set1_ps(x); }
  static Vec exp(Vec x) { return Sleef_expf16_u10avx512f(x); }
  static Vec log(Vec x) { return Sleef_logf16_u10avx512f(x); }
  static Vec log1p(Vec x) { return Sleef_log1pf16_u10avx512f(x); }
  static Vec abs(Vec x) { return _mm512_abs_ps(x); }
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  static Vec where_negative(Vec x, Vec a, Vec b) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), b, a);
  }
  static float sum(Vec x) { return _mm512_reduce_add_ps(x); }
  static float greatest(Vec x) { return _mm512_reduce_max_ps(x); }
};
#elif defined(__AVX2__)
struct Sleef {
  using Vec = __m256;
  static constexpr std::size_t lanes = 8;
  static Vec load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
  static Vec set(float x) { return _mm256_set1_ps(x); }
  static Vec exp(Vec x) { return Sleef_expf8_u10avx2(x); }
  static Vec log(Vec x) { return Sleef_logf8_u10avx2(x); }
  static Vec log1p(Vec x) { return Sleef_log1pf8_u10avx2(x); }
  static Vec abs(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  static Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  static Vec where_negative(Vec x, Vec a, Vec b) {
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
  }
  static float sum(Vec x) {
    std::array<float, lanes> each;
    store(each.data(), x);
    float total = 0;
    for (const float value : each) total += value;
    return total;
  }
  static float greatest(Vec x) {
    std::array<float, lanes> each;
    store(each.data(), x);
    return *std::max_element(each.begin(), each.end());
  }
};
#else
#error "SLEEF's table is written for AVX2 and AVX-512"
#endif

}  // namespace

KernelLibrary sleef_kernels() {
  return {"sleef",
          std::to_string(SLEEF_VERSION_MAJOR) + "." + std::to_string(SLEEF_VERSION_MINOR) + "." +
              std::to_string(SLEEF_VERSION_PATCHLEVEL),
          Composed<Sleef>::kernels()};
}

}  // namespace lossaudit::adapters
