// Tells when the peer of a socket hangs up while nobody reads from it. Costs nothing while it does
// not: what arrives otherwise wakes nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "base/mutex.h"
#include "base/thread.h"
#include "base/unique_fd.h"

namespace scidex::base {

// Thread safe. Must outlive its guards.
class HangupWatch {
 public:
  // Throws LocalFailure when the process has no descriptor or no thread left.
  HangupWatch();
  ~HangupWatch();
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  // After its destructor has returned, the function neither runs nor will run. Not to be destroyed
  // by that function.
  class Guard {
   public:
    // `on_hangup` is called once, on the watch's thread, when the peer has closed its end, be it
    // before this, or the socket has failed; it must not block. `socket` stays the caller's, and
    // open until the guard is gone. Throws std::system_error.
    Guard(HangupWatch& watch, int socket, std::function<void()> on_hangup);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    HangupWatch& watch_;
    const int socket_;
    const std::uint32_t fork_generation_;
    std::uint64_t id_ = 0;
  };

 private:
  void Loop();
  void Tell(std::uint64_t id);

  const UniqueFd epoll_;
  const UniqueFd stop_;
  Mutex mutex_;
  CondVar told_;
  std::map<std::uint64_t, std::function<void()>> guarded_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t last_id_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::uint64_t running_ SCIDEX_GUARDED_BY(mutex_) = 0;
  Thread thread_;
};

}  // namespace scidex::base
