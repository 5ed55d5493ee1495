// A joined, named thread that receives no signals: only the main thread handles them.
#pragma once

#include <csignal>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>

#include "base/fork.h"

namespace scidex::base {

// Blocks all signals in the calling thread, and in threads that it starts, for the scope of this
// object.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

class Thread {
 public:
  Thread() = default;
  // `name` is truncated to 15 characters, the limit of Linux. Throws LocalFailure.
  Thread(const std::string& name, std::function<void()> body);
  ~Thread() { Join(); }
  Thread(Thread&&) = default;
  Thread& operator=(Thread&&) = delete;

  // Idempotent. In a child of fork(), which does not have the thread, returns immediately.
  void Join();
  // Runs `body` on a detached thread. `body` must own everything that it accesses. Throws
  // LocalFailure.
  static void Detached(const std::string& name, std::function<void()> body);

 private:
  std::thread thread_;
  ForkCheck fork_check_;
};

// Runs `body` on a thread with a stack of `bytes`, for code whose recursion is as deep as its input
// is nested. Blocks until it has ended. Only the used part of the stack takes memory. Throws
// LocalFailure, and exceptions of `body`.
void RunOnStack(const std::string& name, std::size_t bytes, const std::function<void()>& body);

}  // namespace scidex::base
