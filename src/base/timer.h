// Calls functions at given times, all on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace scidex::base {

// Thread-safe. Must outlive its entries. In a child of fork(), timers and entries of the parent may
// only be destroyed, which does nothing.
class Timer {
 public:
  // `clock` must outlive the timer. Throws LocalFailure if the thread cannot be started.
  explicit Timer(Clock& clock);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  Clock& clock() const { return clock_; }

  // A function and the time of its next call. The function must neither block nor destroy its
  // entry. Its exceptions are logged. After the destructor has returned, the function is not
  // running and will not run.
  class Entry {
   public:
    // No call is scheduled until Set().
    Entry(Timer& timer, std::function<void()> call);
    Entry(Timer& timer, TimePoint when, std::function<void()> call)
        : Entry(timer, std::move(call)) {
      Set(when);
    }
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Schedules one call at `when`, which replaces an earlier schedule; kNever cancels it. The
    // function itself may call this.
    void Set(TimePoint when) noexcept;

   private:
    friend class Timer;
    using Node = std::map<std::pair<TimePoint, std::uint64_t>, Entry*>::node_type;

    Timer& timer_;
    const std::function<void()> call_;
    const std::uint64_t id_;
    // In the timer's map while a call is scheduled, otherwise here, so that Set() allocates
    // nothing.
    Node node_;
    TimePoint when_ = kNever;
  };

 private:
  using Due = std::map<std::pair<TimePoint, std::uint64_t>, Entry*>;

  void Loop();
  std::uint64_t NextId();
  void Call(const Entry& entry) noexcept;

  Clock& clock_;
  const ForkCheck fork_check_;
  Mutex mutex_;
  CondVar wake_;
  CondVar called_;
  Due due_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t last_id_ SCIDEX_GUARDED_BY(mutex_) = 0;
  const Entry* calling_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace scidex::base
