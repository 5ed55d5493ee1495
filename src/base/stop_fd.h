// A file descriptor that becomes readable when a stop token is stopped, so that poll() can wait for
// both a socket and the wish to give up.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "base/unique_fd.h"

namespace scidex::base {

// Used by one thread. The descriptor is the thread's, and kept for its next use: a query opens
// none.
class StopFd {
 public:
  // Never throws for want of a descriptor: then there is none, and Stopped() has to be asked.
  explicit StopFd(const std::stop_token& stop);
  ~StopFd();
  StopFd(const StopFd&) = delete;
  StopFd& operator=(const StopFd&) = delete;

  bool Stopped() const { return stop_.stop_requested(); }
  // -1 where there is none: the token can never be stopped, or the process had no descriptor left.
  int fd() const { return fd_; }
  // There is no descriptor although the token may be stopped: a wait has to look at Stopped() now
  // and then.
  bool MustBeAsked() const { return fd_ < 0 && stop_.stop_possible(); }

 private:
  const std::stop_token stop_;
  // Where the thread's own is in use already.
  UniqueFd extra_;
  bool uses_threads_own_ = false;
  int fd_ = -1;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

}  // namespace scidex::base
