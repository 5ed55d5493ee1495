// Pools to compare with: a minimal pool, and SOCI's.
#pragma once

#include <soci/soci.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace scidex::bench {

// A mutex, a condition variable and a stack of free slots: no order, no deadline, no numbers.
class NaivePool {
 public:
  explicit NaivePool(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) free_.push_back(i);
  }
  std::size_t Acquire() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !free_.empty(); });
    const std::size_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void Release(std::size_t slot) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(slot);
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::size_t> free_;
};

// https://soci.sourceforge.net/doc/release/4.0/connections/#connection-pools; its sessions stay
// unopened where only the slots are needed.
class SociPool {
 public:
  explicit SociPool(std::size_t size) : pool_(size) {}
  std::size_t Acquire() { return pool_.lease(); }
  void Release(std::size_t slot) { pool_.give_back(slot); }

 private:
  soci::connection_pool pool_;
};

}  // namespace scidex::bench
