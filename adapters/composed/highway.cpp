// Highway's own math (hwy/contrib/math), for the instructions that this file is compiled for.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "adapters/composed/losses-inl.hpp"
#include "adapters/kernel_libraries.hpp"

namespace lossaudit::adapters {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

struct Highway {
  using D = hn::ScalableTag<float>;
  using Vec = hn::Vec<D>;
  static constexpr std::size_t lanes = HWY_LANES(float);
  static Vec load(const float* p) { return hn::LoadU(D(), p); }
  static void store(float* p, Vec x) { hn::StoreU(x, D(), p); }
  static Vec set(float x) { return hn::Set(D(), x); }
  static Vec exp(Vec x) { return hn::Exp(D(), x); }
  static Vec log(Vec x) { return hn::Log(D(), x); }
  static Vec log1p(Vec x) { return hn::Log1p(D(), x); }
  static Vec abs(Vec x) { return hn::Abs(x); }
  static Vec max(Vec a, Vec b) { return hn::Max(a, b); }
  static Vec min(Vec a, Vec b) { return hn::Min(a, b); }
  static Vec where_negative(Vec x, Vec a, Vec b) { return hn::IfThenElse(hn::Lt(x, set(0)), a, b); }
  static float sum(Vec x) { return hn::GetLane(hn::SumOfLanes(D(), x)); }
  static float greatest(Vec x) { return hn::GetLane(hn::MaxOfLanes(D(), x)); }
};

}  // namespace

KernelLibrary highway_kernels() {
  const auto text = [](int number) { return std::to_string(number); };
  return {"highway",
          text(HWY_MAJOR) + "." + text(HWY_MINOR) + "." + text(HWY_PATCH) + ", " + hwy::TargetName(HWY_STATIC_TARGET),
          Composed<Highway>::kernels()};
}

}  // namespace lossaudit::adapters
