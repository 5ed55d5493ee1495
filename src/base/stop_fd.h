// A file descriptor that becomes readable when a stop token is stopped, so that poll() can wait for
// a socket and for cancellation.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "base/unique_fd.h"

namespace scidex::base {

// Must be used by one thread. The descriptor belongs to the thread and is kept for reuse, so that a
// query opens none.
class StopFd {
 public:
  // Does not throw if the process has no descriptor left: then fd() is -1, and the caller must
  // check Stopped().
  explicit StopFd(const std::stop_token& stop);
  ~StopFd();
  StopFd(const StopFd&) = delete;
  StopFd& operator=(const StopFd&) = delete;

  bool Stopped() const { return stop_.stop_requested(); }
  // Returns -1 if the token can never be stopped, or if the process had no descriptor left.
  int fd() const { return fd_; }
  // There is no descriptor although the token may be stopped: a wait must check Stopped()
  // periodically.
  bool MustBeAsked() const { return fd_ < 0 && stop_.stop_possible(); }

 private:
  const std::stop_token stop_;
  // Used if the thread's own descriptor is in use.
  UniqueFd extra_;
  bool uses_thread_event_ = false;
  int fd_ = -1;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

}  // namespace scidex::base
