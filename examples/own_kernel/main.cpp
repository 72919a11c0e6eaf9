// How right is my kernel? Each value of a textbook sigmoid, and of lossaudit's own, against the proved reference.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <lossaudit/fast/losses.hpp>
#include <lossaudit/reference/evaluate.hpp>
#include <vector>

int main() {
  using namespace lossaudit;
  const std::vector<float> x = {-100.0F, -88.5F, -20.0F, -1.5F, 0.0F, 3.25F, 17.0F};

  std::vector<float> mine;
  for (const float v : x) mine.push_back(1 / (1 + std::exp(-v)));
  std::vector<float> theirs(x.size());
  fast::sigmoid(x.data(), theirs.data(), x.size());

  Batch batch;
  batch.shape = {1, x.size(), 1};
  batch.output.assign(x.begin(), x.end());
  const std::vector<Expected> exact = expect(parse_contract("sigmoid exact f32 forward"), batch);

  std::printf("%8s %16s %12s %12s\n", "x", "exact, rounded", "mine, ulp", "fast, ulp");
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulp_error(Format::f32, exact[i], theirs[i]);
    worst = std::fmax(worst, error);
    std::printf("%8g %16.8g %12.3g %12.3g\n", static_cast<double>(x[i]), exact[i].rounded,
                ulp_error(Format::f32, exact[i], mine[i]), error);
  }
  return worst <= 1 ? 0 : 1;
}
