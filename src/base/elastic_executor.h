// Threads for work that blocks: as many as there is work under way, and none for long without any.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace scidex::base {

// Thread safe.
class ElasticExecutor {
 public:
  // A thread without work ends after `idle_timeout` of `clock`, which outlives this.
  ElasticExecutor(std::string name, Clock& clock, Duration idle_timeout = std::chrono::seconds(10));
  // Runs what was submitted before, then joins.
  ~ElasticExecutor();
  ElasticExecutor(const ElasticExecutor&) = delete;
  ElasticExecutor& operator=(const ElasticExecutor&) = delete;

  // Begins at once: on a thread that has no work, else on a new one; where the system gives no new
  // one, when there is one again. Never blocks for long. `work` must not throw.
  void Submit(std::function<void()> work);

  std::size_t threads() const;

 private:
  using Threads = std::list<std::optional<Thread>>;

  void Loop(Threads::iterator self);

  const std::string name_;
  Clock& clock_;
  const Duration idle_timeout_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ SCIDEX_GUARDED_BY(mutex_);
  Threads threads_ SCIDEX_GUARDED_BY(mutex_);
  // To be joined: they touch nothing here any more.
  Threads ended_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t idle_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
};

}  // namespace scidex::base
