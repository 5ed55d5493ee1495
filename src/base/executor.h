// A fixed number of threads that run submitted functions in order of arrival.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"

namespace scidex::base {

// Thread safe.
class Executor {
 public:
  Executor(const std::string& name, std::size_t threads);
  // Runs what was submitted before, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Never blocks. `work` must not throw.
  void Submit(std::function<void()> work);

 private:
  void Loop();
  void Stop();

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ SCIDEX_GUARDED_BY(mutex_);
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_;
};

}  // namespace scidex::base
