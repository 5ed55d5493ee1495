// std::mutex and std::condition_variable with annotations that let clang check the locking.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/fork.h"
#include "base/thread_annotations.h"
#include "base/time.h"

namespace scidex::base {

// Not recursive: a thread must not lock it twice.
class SCIDEX_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() SCIDEX_ACQUIRE() { mutex_.lock(); }
  void Unlock() SCIDEX_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a Mutex for its scope. May be released early and locked again.
class SCIDEX_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SCIDEX_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() SCIDEX_RELEASE() {
    if (held_) mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() SCIDEX_RELEASE() {
    held_ = false;
    mutex_.Unlock();
  }
  void Lock() SCIDEX_ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Waits may end spuriously: the caller must check its condition again. Code to be tested with a
// manual clock must use Clock::WaitUntil instead of WaitUntil here.
class CondVar {
 public:
  CondVar() : condition() {}
  // In a child of fork(), the threads that waited for it do not exist, and destroying it would wait
  // for them.
  ~CondVar() {
    if (!fork_check_.Forked()) condition.~condition_variable();
  }
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mutex` while waiting.
  void Wait(Mutex& mutex) SCIDEX_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition.wait(lock);
    lock.release();
  }
  // The same. Returns false once `deadline` has passed.
  bool WaitUntil(Mutex& mutex, TimePoint deadline) SCIDEX_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  // With or without the lock.
  void NotifyOne() { condition.notify_one(); }
  void NotifyAll() { condition.notify_all(); }

 private:
  // In a union, so that it need not be destroyed.
  union {
    std::condition_variable condition;
  };
  const ForkCheck fork_check_;
};

}  // namespace scidex::base
