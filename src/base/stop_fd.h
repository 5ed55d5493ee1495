// A file descriptor that becomes readable when a stop token is stopped, so that poll() can wait for
// both a socket and the wish to give up.
#pragma once

#include <functional>
#include <stop_token>

#include "base/unique_fd.h"

namespace scidex::base {

class StopFd {
 public:
  // Throws std::system_error when the process has no descriptor left.
  explicit StopFd(const std::stop_token& stop);

  int fd() const { return event_.get(); }

 private:
  UniqueFd event_;
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace scidex::base
