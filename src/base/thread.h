// A joined, named thread that receives no signals: the process's main thread alone handles them.
#pragma once

#include <csignal>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>

namespace scidex::base {

// Keeps every signal from the calling thread, and from the threads that it starts, for a scope.
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
  // `name` is cut to the 15 characters that Linux keeps. Throws LocalFailure.
  Thread(const std::string& name, std::function<void()> body);
  ~Thread() { Join(); }
  Thread(Thread&&) = default;
  Thread& operator=(Thread&&) = delete;

  // Idempotent.
  void Join();
  // Runs `body` on a thread that is not joined. `body` must own everything that it touches. Throws
  // LocalFailure.
  static void Detached(const std::string& name, std::function<void()> body);

 private:
  std::thread thread_;
};

// Runs `body` on a thread whose stack has `bytes`, for what recurses as deeply as its input is
// nested, and returns when it has ended. Only what is used of the stack takes memory. Throws
// LocalFailure, and what `body` throws.
void RunOnStack(const std::string& name, std::size_t bytes, const std::function<void()>& body);

}  // namespace scidex::base
