// Reports when the peer of a socket hangs up while no thread reads from it. Costs nothing until
// then: incoming data wakes no thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "base/fork.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/unique_fd.h"

namespace scidex::base {

// Thread-safe. Must outlive its guards.
class HangupWatch {
 public:
  // Throws LocalFailure if the process has no descriptor or thread left.
  HangupWatch();
  ~HangupWatch();
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  // After the destructor has returned, the function is not running and will not run. The function
  // must not destroy its guard.
  class Guard {
   public:
    // Calls `on_hangup` once, on the watch's thread, when the peer has closed its end (even before
    // this call) or the socket has failed. `on_hangup` must not block. The caller keeps ownership
    // of `socket`, which must stay open until the guard is destroyed. Throws std::system_error.
    Guard(HangupWatch& watch, int socket, std::function<void()> on_hangup);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    HangupWatch& watch_;
    const int socket_;
    const ForkCheck fork_check_;
    std::uint64_t id_ = 0;
  };

 private:
  void Loop();
  void Notify(std::uint64_t id);

  const ForkCheck fork_check_;
  const UniqueFd epoll_;
  const UniqueFd stop_;
  Mutex mutex_;
  CondVar notified_;
  std::map<std::uint64_t, std::function<void()>> guarded_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t last_id_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::uint64_t running_ SCIDEX_GUARDED_BY(mutex_) = 0;
  Thread thread_;
};

}  // namespace scidex::base
