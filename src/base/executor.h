// Threads for work that may block: as many as there is work under way that blocks, and few for work
// that does not.
//
// Two threads are always there: one for essential work alone, one for all work. Others are added
// one by one while work waits and no thread takes any, so that short work, however much of it falls
// due at one time, is done by few; they end when they have been idle for some time. Essential work
// goes first.
//
// Where the system gives no thread, that is counted as a local failure, the work waits, and a
// thread is tried for again; essential work goes on with the thread of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/task_kind.h"
#include "base/thread.h"
#include "base/timer.h"

namespace scidex::base {

struct ExecutorOptions {
  // How long work waits, while no thread takes any, before a thread is added. 0: added at once.
  Duration grow_after = std::chrono::milliseconds(10);
  // By the real clock.
  Duration idle_timeout = std::chrono::seconds(10);
};

// Thread safe.
class Executor {
 public:
  // `timer` outlives the executor. Throws LocalFailure when the two threads cannot be started.
  explicit Executor(Timer& timer, const ExecutorOptions& options = {});
  // Runs what was submitted before, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // A piece of work that can be submitted any number of times, one after the other. It is not
  // touched any more once its function has begun.
  class Job {
   public:
    // What `work` throws is logged and counted, by its kind.
    Job(TaskKind kind, std::function<void()> work) : kind_(kind), work_(std::move(work)) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

   private:
    friend class Executor;
    const TaskKind kind_;
    const std::function<void()> work_;
    bool owned_by_executor_ = false;
    // Of a job in a queue.
    bool queued_ = false;
    TimePoint queued_at_{};
    Job* next_ = nullptr;
    Job* previous_ = nullptr;
  };

  // Never blocks. The job is not queued yet, and stays until it has run or was withdrawn.
  void Submit(Job& job) noexcept;
  // True if the job was queued, and now is not; false if it runs, has run or was never submitted.
  bool Withdraw(Job& job) noexcept;

  // The same for work that is run once. Throws std::bad_alloc.
  void Submit(TaskKind kind, std::function<void()> work);

  std::size_t threads() const;

 private:
  // Jobs in order of arrival.
  class Queue {
   public:
    std::size_t size() const { return size_; }
    // Null if there is none.
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
  // A thread that waits for work; lives on its stack.
  struct Idle {
    CondVar wake;
    bool woken = false;
  };

  void Enqueue(Job& job) noexcept;
  void Loop(Role role, Threads::iterator self);
  Job* Take(Role role) SCIDEX_REQUIRES(mutex_);
  // Waits for work; false when the thread is to end.
  bool AwaitWork(Role role, TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  void WaitIdle(Idle*& place, TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  void WaitIdleElastic(TimePoint idle_until) SCIDEX_REQUIRES(mutex_);
  // False if no thread waits that takes such work.
  bool WakeOne(bool essential) SCIDEX_REQUIRES(mutex_);
  void WakeAll() SCIDEX_REQUIRES(mutex_);
  static void Run(Job& job) noexcept;
  std::size_t Waiting() const SCIDEX_REQUIRES(mutex_) {
    return essential_.size() + ordinary_.size();
  }
  // Sees to it that work that waits is taken by a thread.
  void ServeWaiting() noexcept SCIDEX_REQUIRES(mutex_);
  bool IsStalled() const SCIDEX_REQUIRES(mutex_);
  void Grow();
  void GrowLater() noexcept SCIDEX_REQUIRES(mutex_);
  // Throws LocalFailure.
  void AddThread(Role role) SCIDEX_REQUIRES(mutex_);
  // False where the system gives none.
  bool TryAddThread() noexcept SCIDEX_REQUIRES(mutex_);
  void Stop();

  Timer& timer_;
  const ExecutorOptions options_;
  mutable Mutex mutex_;
  // Notified when, at the end, a job or a thread has ended.
  CondVar ended_one_;
  Queue essential_ SCIDEX_GUARDED_BY(mutex_);
  Queue ordinary_ SCIDEX_GUARDED_BY(mutex_);
  Threads threads_ SCIDEX_GUARDED_BY(mutex_);
  // To be joined: they touch nothing here any more.
  Threads ended_ SCIDEX_GUARDED_BY(mutex_);
  // Threads that wait for work: null if they do not, and the elastic ones, of which the last to
  // become idle is the first to be woken, so that those that are not needed stay idle and end.
  Idle* idle_essential_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  Idle* idle_core_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  std::vector<Idle*> idle_elastic_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t running_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Jobs that threads have taken so far, and at the last call of Grow().
  std::uint64_t taken_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_before_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // A call of Grow() is due.
  bool growing_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Last: it calls Grow().
  std::optional<Timer::Entry> grow_;
};

}  // namespace scidex::base
