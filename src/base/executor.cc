#include "base/executor.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <new>

#include "base/local_failure.h"
#include "base/log.h"

namespace scidex::base {
namespace {

// While threads take work, but more slowly than it arrives, threads are added only if work has
// waited for longer than this many times grow_after.
constexpr int kPatience = 10;
// Interval between attempts while the system cannot start a thread.
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
  if (fork_check_.Forked()) return;
  // Joined after the lock is released.
  Threads ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    WakeAll();
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
  job.queued_at_ = RealClock().Now();
  MutexLock lock(mutex_);
  (IsEssential(job.kind_) ? essential_ : ordinary_).Push(job);
  if (stopping_) {
    ended_one_.NotifyAll();
    return;
  }
  ServeWaiting();
}

void Executor::ServeWaiting() noexcept {
  if (stopping_ || WakeOne(essential_.size() > 0)) return;
  if (options_.grow_after > Duration::zero() || !TryAddThread()) GrowLater();
}

bool Executor::WakeOne(bool essential) {
  Idle* idle = essential ? std::exchange(idle_essential_, nullptr) : nullptr;
  if (idle == nullptr) idle = std::exchange(idle_core_, nullptr);
  if (idle == nullptr && !idle_elastic_.empty()) {
    idle = idle_elastic_.back();
    idle_elastic_.pop_back();
  }
  if (idle == nullptr) return false;
  idle->woken = true;
  idle->wake.NotifyOne();
  return true;
}

void Executor::WakeAll() {
  while (WakeOne(/*essential=*/true)) {
  }
  ended_one_.NotifyAll();
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
    // Add more threads each time, so that a large amount of blocking work starts soon.
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
  // Reserve now, so that a thread that becomes idle allocates nothing.
  idle_elastic_.reserve(threads_.size() + 1);
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
  } catch (const std::bad_alloc&) {
    CountLocalFailure(LocalResource::kMemory);
    return false;
  } catch (const std::exception&) {
    // Already counted where it was thrown.
    return false;
  }
}

Executor::Job* Executor::Take(Role role) {
  Job* job = essential_.Pop();
  if (job == nullptr && (role != Role::kEssential || stopping_)) job = ordinary_.Pop();
  if (job != nullptr) ++taken_;
  // The thread that was woken for the remaining work may have taken other work.
  if (Waiting() > 0) ServeWaiting();
  return job;
}

bool Executor::AwaitWork(Role role, TimePoint idle_until) {
  if (stopping_) {
    // Running jobs may submit more.
    if (running_ == 0) return false;
    ended_one_.Wait(mutex_);
    return true;
  }
  if (RealClock().Now() >= idle_until) return false;
  switch (role) {
    case Role::kEssential:
      WaitIdle(idle_essential_, idle_until);
      break;
    case Role::kCore:
      WaitIdle(idle_core_, idle_until);
      break;
    case Role::kElastic:
      WaitIdleElastic(idle_until);
      break;
  }
  return true;
}

void Executor::WaitIdle(Idle*& place, TimePoint idle_until) {
  Idle self;
  place = &self;
  while (!self.woken) RealClock().WaitUntil(self.wake, mutex_, idle_until);
}

void Executor::WaitIdleElastic(TimePoint idle_until) {
  Idle self;
  idle_elastic_.push_back(&self);
  while (!self.woken && RealClock().WaitUntil(self.wake, mutex_, idle_until)) {
  }
  if (!self.woken) std::erase(idle_elastic_, &self);
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
    LogFailure("a task failed", error, Name(kind));
  }
}

}  // namespace scidex::base
