#include "reports/speed/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <random>

namespace lossaudit::speed {
namespace {

void fill(float* values, std::size_t count, Outputs kind) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> logit(0, 5);
  for (std::size_t i = 0; i < count; ++i) {
    const float x = logit(random);
    // Off 0 and 1: at them a loss is infinite, and nothing that is trained is there for long.
    if (kind == Outputs::probabilities) {
      values[i] = std::clamp(static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x)))), 1e-6F, 1 - 1e-6F);
    } else if (kind == Outputs::extreme_logits && random() % 4 != 0) {
      const float beyond = 80 + 40 * std::fabs(x);
      const std::uint64_t which = random() % 3;
      values[i] = which == 0 ? beyond : which == 1 ? -beyond : std::numeric_limits<float>::quiet_NaN();
    } else {
      values[i] = x;
    }
  }
}

}  // namespace

void Array::Free::operator()(void* p) const { std::free(p); }

Array::Array(std::size_t count) {
  // Arrays that begin at the same place of a page would meet in the same sets of a cache, and loads would wait for
  // stores to other pages.
  static std::size_t arrays = 0;
  const std::size_t shift = 64 * (17 * arrays++ % 64);
  const std::size_t bytes = (shift + count * sizeof(float) + adapters::kernel_padding + 4095) / 4096 * 4096;
  memory_.reset(std::aligned_alloc(4096, bytes));
  if (!memory_) throw std::bad_alloc();
  values_ = reinterpret_cast<float*>(static_cast<std::byte*>(memory_.get()) + shift);
  std::fill_n(values_, count + adapters::kernel_padding / sizeof(float), 0.0F);
}

const float* Arrays::outputs(Outputs kind) {
  const auto [place, fresh] = outputs_.try_emplace(kind, most_);
  if (fresh) fill(place->second.data(), most_, kind);
  return place->second.data();
}

const std::int64_t* Arrays::labels(const Shape& shape) {
  std::vector<std::int64_t>& labels = labels_[shape.classes];
  if (labels.empty()) {
    std::mt19937_64 random(2);
    for (std::size_t row = 0; row < shape.outer; ++row) {
      labels.push_back(static_cast<std::int64_t>(random() % shape.classes));
    }
  }
  return labels.data();
}

const float* Arrays::targets(Targets kind, const Shape& shape) {
  const std::size_t classes = kind == Targets::one_hot ? shape.classes : 0;
  const auto [place, fresh] = targets_.try_emplace({kind, classes}, most_);
  float* values = place->second.data();
  if (!fresh) return values;
  std::mt19937_64 random(3);
  std::uniform_real_distribution<float> share(0.001F, 0.999F);
  if (kind == Targets::one_hot) {
    for (std::size_t row = 0; row < shape.outer; ++row) {
      values[row * classes + static_cast<std::size_t>(labels(shape)[row])] = 1;
    }
  } else {
    std::generate_n(values, most_,
                    [&] { return kind == Targets::hard ? static_cast<float>(random() % 2) : share(random); });
  }
  return values;
}

adapters::KernelCall Arrays::call(const Task& task, const Shape& shape) {
  if (!result_) {
    result_ = std::make_unique<Array>(most_);
    loss_ = std::make_unique<Array>(most_);
  }
  adapters::KernelCall call;
  call.outer = shape.outer;
  call.classes = shape.classes;
  call.output = outputs(task.outputs);
  if (task.targets == Targets::labels) {
    call.labels = labels(shape);
  } else if (task.targets != Targets::none) {
    call.target = targets(task.targets, shape);
  }
  call.result = result_->data();
  call.loss = loss_->data();
  return call;
}

}  // namespace lossaudit::speed
