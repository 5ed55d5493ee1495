// Calls a function when a deadline passes before a guarded piece of work is done: the way to put a
// deadline on a blocking call that has none of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace scidex::base {

// Thread safe. Must outlive its guards.
class Watchdog {
 public:
  explicit Watchdog(Clock& clock);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // After its destructor has returned, the function neither runs nor will run.
  class Guard {
   public:
    Guard(Watchdog& watchdog, TimePoint deadline, std::function<void()> on_expiry);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Watchdog& watchdog_;
    std::pair<TimePoint, std::uint64_t> key_;
  };

 private:
  using Key = std::pair<TimePoint, std::uint64_t>;

  void Loop();

  Clock& clock_;
  Mutex mutex_;
  CondVar wake_;
  CondVar ran_;
  std::map<Key, std::function<void()>> guarded_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t last_id_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::uint64_t running_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace scidex::base
