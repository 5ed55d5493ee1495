#include "base/timer.h"

#include <exception>

#include "base/log.h"

namespace scidex::base {

Timer::Timer(Clock& clock) : clock_(clock), thread_("timer", [this] { Loop(); }) {}

Timer::~Timer() {
  if (fork_check_.Forked()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  thread_.Join();
}

std::uint64_t Timer::NextId() {
  MutexLock lock(mutex_);
  return ++last_id_;
}

Timer::Entry::Entry(Timer& timer, std::function<void()> call)
    : timer_(timer), call_(std::move(call)), id_(timer.NextId()) {
  Due one;
  one.emplace(std::pair(kNever, id_), this);
  node_ = one.extract(one.begin());
}

Timer::Entry::~Entry() {
  if (timer_.fork_check_.Forked()) return;
  Set(kNever);
  MutexLock lock(timer_.mutex_);
  while (timer_.calling_ == this) timer_.called_.Wait(timer_.mutex_);
  // Set by the call that has just ended.
  if (when_ != kNever) node_ = timer_.due_.extract({when_, id_});
}

void Timer::Entry::Set(TimePoint when) noexcept {
  MutexLock lock(timer_.mutex_);
  if (when == when_) return;
  if (when_ != kNever) node_ = timer_.due_.extract({when_, id_});
  when_ = when;
  if (when == kNever) return;
  node_.key() = {when, id_};
  const auto place = timer_.due_.insert(std::move(node_)).position;
  if (place == timer_.due_.begin()) timer_.wake_.NotifyOne();
}

void Timer::Loop() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const TimePoint next = due_.empty() ? kNever : due_.begin()->first.first;
    if (clock_.Now() < next) {
      clock_.WaitUntil(wake_, mutex_, next);
      continue;
    }
    Entry& entry = *due_.begin()->second;
    entry.node_ = due_.extract(due_.begin());
    entry.when_ = kNever;
    calling_ = &entry;
    lock.Unlock();
    Call(entry);
    lock.Lock();
    calling_ = nullptr;
    called_.NotifyAll();
  }
}

void Timer::Call(const Entry& entry) noexcept {
  try {
    entry.call_();
  } catch (const std::exception& error) {
    LogFailure("a timer's function failed", error);
  }
}

}  // namespace scidex::base
