// Threads that work through tasks while their results are taken in the order in which the tasks were given.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace lossaudit {

template <typename Result>
class OrderedWorkers {
 public:
  explicit OrderedWorkers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  ~OrderedWorkers() {
    const std::lock_guard lock(mutex_);
    tasks_.clear();  // the threads finish what they are at; jthread stops and joins them
  }
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;

  void give(std::function<Result()> task) {
    std::packaged_task<Result()> packaged(std::move(task));
    results_.push_back(packaged.get_future());
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(packaged));
    }
    ready_.notify_one();
  }

  /// Tasks whose results have not been taken.
  [[nodiscard]] std::size_t pending() const { return results_.size(); }

  /// The result of the oldest task; waits for it, and throws what it threw.
  Result take() {
    std::future<Result> oldest = std::move(results_.front());
    results_.pop_front();
    return oldest.get();
  }

 private:
  void work(const std::stop_token& stop) {
    while (true) {
      std::packaged_task<Result()> task;
      {
        std::unique_lock lock(mutex_);
        if (!ready_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::packaged_task<Result()>> tasks_;
  std::deque<std::future<Result>> results_;
  std::vector<std::jthread> threads_;  // last: stopped and joined before the rest goes
};

}  // namespace lossaudit
