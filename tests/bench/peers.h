// Pools to compare with: the least that a pool can be, and SOCI's.
#pragma once

#include <soci/soci.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace scidex::bench {

// A mutex, a condition variable and a stack of free places: no order, no deadline, no numbers.
class NaivePool {
 public:
  explicit NaivePool(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) free_.push_back(i);
  }
  std::size_t Take() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !free_.empty(); });
    const std::size_t place = free_.back();
    free_.pop_back();
    return place;
  }
  void Give(std::size_t place) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(place);
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::size_t> free_;
};

// https://soci.sourceforge.net/doc/release/4.0/connections/#connection-pools; its sessions stay
// unopened where the places alone are wanted.
class SociPool {
 public:
  explicit SociPool(std::size_t size) : pool_(size) {}
  std::size_t Take() { return pool_.lease(); }
  void Give(std::size_t place) { pool_.give_back(place); }

 private:
  soci::connection_pool pool_;
};

}  // namespace scidex::bench
