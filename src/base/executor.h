// An elastic pool of threads for work that may block: one thread for each piece of work that
// blocks, few threads for work that does not.
//
// Two threads always exist: one for essential work only, one for all work. Further threads are
// added while work waits and no thread takes any, so few threads handle short work even if much of
// it is due at the same time. They end after they have been idle for some time. Essential work is
// taken first.
//
// If the system cannot start a thread, this is counted as a local failure, the work waits, and
// another attempt follows; essential work continues on its own thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "base/task_kind.h"
#include "base/thread.h"
#include "base/timer.h"

namespace scidex::base {

struct ExecutorOptions {
  // Time for which work waits, while no thread takes any, before a thread is added. 0 adds one
  // immediately.
  Duration grow_after = std::chrono::milliseconds(10);
  // Measured by the real clock.
  Duration idle_timeout = std::chrono::seconds(10);
};

// Thread-safe.
class Executor {
 public:
  // `timer` must outlive the executor. Throws LocalFailure if the two threads cannot be started.
  explicit Executor(Timer& timer, const ExecutorOptions& options = {});
  // Runs all jobs submitted so far, then joins the threads. In a child of fork(), which has no such
  // threads, leaves the jobs.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // A piece of work that can be submitted repeatedly, but only once at a time. The executor does
  // not access it after its function has started.
  class Job {
   public:
    // Exceptions of `work` are logged and counted under `kind`.
    Job(TaskKind kind, std::function<void()> work) : kind_(kind), work_(std::move(work)) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

   private:
    friend class Executor;
    const TaskKind kind_;
    const std::function<void()> work_;
    bool owned_by_executor_ = false;
    // Valid while the job is in a queue.
    bool queued_ = false;
    TimePoint queued_at_{};
    Job* next_ = nullptr;
    Job* previous_ = nullptr;
  };

  // Never blocks. `job` must not be queued already, and must exist until it has run or was
  // withdrawn.
  void Submit(Job& job) noexcept;
  // Returns true if the job was queued and has been removed; false if it is running, has run or was
  // never submitted.
  bool Withdraw(Job& job) noexcept;

  // Submits work that runs once. Throws std::bad_alloc.
  void Submit(TaskKind kind, std::function<void()> work);

  // The current number of threads, including the two that always exist.
  std::size_t threads() const;

 private:
  // Jobs in order of arrival.
  class Queue {
   public:
    std::size_t size() const { return size_; }
    // Null if the queue is empty.
    const Job* oldest() const { return first_; }
    void Push(Job& job);
    Job* Pop();
    void Remove(Job& job);

   private:
    Job* first_ = nullptr;
    Job* last_ = nullptr;
    std::size_t size_ = 0;
  };
  enum class Role { kEssential, kCore, kElastic };
  using Threads = std::list<std::optional<Thread>>;
  // A thread that waits for work. Lives on that thread's stack.
  struct Idle {
    CondVar wake;
    // Guarded by the executor's mutex_, which an annotation in this struct cannot name.
    bool woken = false;
  };

  void Enqueue(Job& job) noexcept;
  void Loop(Role role, Threads::iterator self);
  Job* Take(Role role) SCIDEX_REQUIRES(mutex_);
  // Waits for work. Returns false if the thread must end.
  bool AwaitWork(Role role, TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  void WaitIdle(Idle*& place, TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  void WaitIdleElastic(TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  // Returns false if no idle thread takes such work.
  bool WakeOne(bool essential) SCIDEX_REQUIRES(mutex_);
  void WakeAll() SCIDEX_REQUIRES(mutex_);
  static void Run(Job& job) noexcept;
  std::size_t Waiting() const SCIDEX_REQUIRES(mutex_) {
    return essential_.size() + ordinary_.size();
  }
  // Makes sure that a thread takes the waiting work.
  void ServeWaiting() noexcept SCIDEX_REQUIRES(mutex_);
  bool IsStalled() const SCIDEX_REQUIRES(mutex_);
  void Grow();
  void GrowLater() noexcept SCIDEX_REQUIRES(mutex_);
  // Throws LocalFailure.
  void AddThread(Role role) SCIDEX_REQUIRES(mutex_);
  // Returns false if the system cannot start a thread.
  bool TryAddThread() noexcept SCIDEX_REQUIRES(mutex_);
  void Stop();

  // Constant.
  Timer& timer_;
  const ExecutorOptions options_;
  const ForkCheck fork_check_;

  mutable Mutex mutex_;
  // Notified during shutdown when a job was submitted or has ended, and when a thread has ended.
  CondVar ended_one_;

  // Guarded by mutex_: the work.
  Queue essential_ SCIDEX_GUARDED_BY(mutex_);
  Queue ordinary_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t running_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Number of jobs taken by threads, now and at the last call of Grow().
  std::uint64_t taken_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_before_ SCIDEX_GUARDED_BY(mutex_) = 0;

  // Guarded by mutex_: the threads.
  Threads threads_ SCIDEX_GUARDED_BY(mutex_);
  // Threads to be joined: they no longer access this object.
  Threads ended_ SCIDEX_GUARDED_BY(mutex_);
  // Idle threads; null if the thread is busy. Of the elastic ones, the last to become idle is woken
  // first, so that surplus threads stay idle and end.
  Idle* idle_essential_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  Idle* idle_core_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  std::vector<Idle*> idle_elastic_ SCIDEX_GUARDED_BY(mutex_);
  // A call of Grow() is scheduled.
  bool growing_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;

  // Must be last: it calls Grow().
  std::optional<Timer::Entry> grow_;
};

}  // namespace scidex::base
