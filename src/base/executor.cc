#include "base/executor.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>

#include "base/local_failure.h"
#include "base/log.h"

namespace scidex::base {
namespace {

// While threads take work, but not as fast as it comes, one is added for work that waits for longer
// than this many times grow_after.
constexpr int kPatience = 10;
// Where the system gave no thread.
constexpr Duration kNoThreadRetry = std::chrono::milliseconds(100);

}  // namespace

void Executor::Queue::Push(Job& job) {
  job.queued_ = true;
  job.next_ = nullptr;
  job.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  ++size_;
}

Executor::Job* Executor::Queue::Pop() {
  Job* const job = first_;
  if (job != nullptr) Remove(*job);
  return job;
}

void Executor::Queue::Remove(Job& job) {
  (job.previous_ == nullptr ? first_ : job.previous_->next_) = job.next_;
  (job.next_ == nullptr ? last_ : job.next_->previous_) = job.previous_;
  job.queued_ = false;
  --size_;
}

Executor::Executor(Timer& timer, const ExecutorOptions& options)
    : timer_(timer), options_(options) {
  grow_.emplace(timer, [this] { Grow(); });
  try {
    MutexLock lock(mutex_);
    AddThread(Role::kEssential);
    AddThread(Role::kCore);
  } catch (...) {
    Stop();
    throw;
  }
}

Executor::~Executor() { Stop(); }

void Executor::Stop() {
  // Joined after the lock is released.
  Threads ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    essential_wake_.NotifyAll();
    wake_.NotifyAll();
    while (!threads_.empty()) ended_one_.Wait(mutex_);
    ended.swap(ended_);
  }
  grow_.reset();
}

void Executor::Submit(TaskKind kind, std::function<void()> work) {
  auto job = std::make_unique<Job>(kind, std::move(work));
  job->owned_by_executor_ = true;
  Enqueue(*job.release());
}

void Executor::Submit(Job& job) noexcept { Enqueue(job); }

void Executor::Enqueue(Job& job) noexcept {
  const bool essential = IsEssential(job.kind_);
  job.queued_at_ = RealClock().Now();
  MutexLock lock(mutex_);
  (essential ? essential_ : ordinary_).Push(job);
  if (stopping_) {
    essential_wake_.NotifyAll();
    wake_.NotifyAll();
    return;
  }
  (essential && idle_essential_ > 0 ? essential_wake_ : wake_).NotifyOne();
  const bool served = ordinary_.size() <= idle_ && Waiting() <= idle_ + idle_essential_;
  if (served) return;
  if (options_.grow_after > Duration::zero() || !TryAddThread()) GrowLater();
}

bool Executor::Withdraw(Job& job) noexcept {
  MutexLock lock(mutex_);
  if (!job.queued_) return false;
  (IsEssential(job.kind_) ? essential_ : ordinary_).Remove(job);
  return true;
}

std::size_t Executor::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void Executor::GrowLater() noexcept {
  if (std::exchange(growing_, true)) return;
  grow_->Set(Add(timer_.clock().Now(), options_.grow_after));
}

bool Executor::IsStalled() const {
  if (taken_ == taken_before_) return true;
  const TimePoint overdue = RealClock().Now() - kPatience * options_.grow_after;
  const auto waits_long = [&](const Queue& queue) {
    return queue.oldest() != nullptr && queue.oldest()->queued_at_ < overdue;
  };
  return waits_long(essential_) || waits_long(ordinary_);
}

void Executor::Grow() {
  // Joined after the lock is released.
  Threads ended;
  MutexLock lock(mutex_);
  ended.swap(ended_);
  growing_ = false;
  if (Waiting() == 0 || stopping_) return;
  bool given = true;
  if (IsStalled()) {
    // More each time, so that much work that blocks is soon under way.
    for (std::size_t more = std::clamp<std::size_t>(threads_.size() / 4, 1, Waiting());
         given && more > 0; --more) {
      given = TryAddThread();
    }
  }
  taken_before_ = taken_;
  growing_ = true;
  grow_->Set(Add(timer_.clock().Now(), given ? options_.grow_after : kNoThreadRetry));
}

void Executor::AddThread(Role role) {
  threads_.emplace_back();
  const auto self = std::prev(threads_.end());
  try {
    self->emplace(role == Role::kEssential ? "essential" : "worker",
                  [this, role, self] { Loop(role, self); });
  } catch (...) {
    threads_.erase(self);
    throw;
  }
}

bool Executor::TryAddThread() noexcept {
  try {
    AddThread(Role::kElastic);
    return true;
  } catch (const std::exception&) {
    // Counted where it was thrown.
    return false;
  }
}

Executor::Job* Executor::Take(Role role) {
  Job* job = essential_.Pop();
  if (job == nullptr && (role != Role::kEssential || stopping_)) job = ordinary_.Pop();
  if (job != nullptr) ++taken_;
  return job;
}

bool Executor::AwaitWork(Role role, TimePoint idle_until) {
  if (stopping_) {
    // What runs may submit more.
    if (running_ == 0) return false;
    ended_one_.Wait(mutex_);
    return true;
  }
  if (RealClock().Now() >= idle_until) return false;
  std::size_t& idle = role == Role::kEssential ? idle_essential_ : idle_;
  ++idle;
  RealClock().WaitUntil(role == Role::kEssential ? essential_wake_ : wake_, mutex_, idle_until);
  --idle;
  return true;
}

void Executor::Loop(Role role, Threads::iterator self) {
  const auto idle_until = [&] {
    return role == Role::kElastic ? Add(RealClock().Now(), options_.idle_timeout) : kNever;
  };
  MutexLock lock(mutex_);
  TimePoint until = idle_until();
  for (;;) {
    if (Job* const job = Take(role)) {
      ++running_;
      lock.Unlock();
      Run(*job);
      until = idle_until();
      lock.Lock();
      --running_;
      if (stopping_) ended_one_.NotifyAll();
    } else if (!AwaitWork(role, until)) {
      break;
    }
  }
  ended_.splice(ended_.end(), threads_, self);
  if (stopping_) ended_one_.NotifyAll();
}

void Executor::Run(Job& job) noexcept {
  const TaskKind kind = job.kind_;
  const std::unique_ptr<Job> owned(job.owned_by_executor_ ? &job : nullptr);
  CountTaskRun(kind);
  try {
    job.work_();
  } catch (const std::exception& error) {
    CountTaskFailure(kind);
    LogError("a task failed", {{"task", Name(kind)}, {"error", error.what()}});
  }
}

}  // namespace scidex::base
