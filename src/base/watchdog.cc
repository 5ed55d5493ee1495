#include "base/watchdog.h"

namespace scidex::base {

Watchdog::Watchdog(Clock& clock) : clock_(clock), thread_("watchdog", [this] { Loop(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  thread_.Join();
}

Watchdog::Guard::Guard(Watchdog& watchdog, TimePoint deadline, std::function<void()> on_expiry)
    : watchdog_(watchdog) {
  MutexLock lock(watchdog_.mutex_);
  key_ = {deadline, ++watchdog_.last_id_};
  const auto entry = watchdog_.guarded_.emplace(key_, std::move(on_expiry)).first;
  if (entry == watchdog_.guarded_.begin()) watchdog_.wake_.NotifyOne();
}

Watchdog::Guard::~Guard() {
  MutexLock lock(watchdog_.mutex_);
  watchdog_.guarded_.erase(key_);
  while (watchdog_.running_ == key_.second) watchdog_.ran_.Wait(watchdog_.mutex_);
}

void Watchdog::Loop() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const TimePoint next = guarded_.empty() ? kNever : guarded_.begin()->first.first;
    if (clock_.Now() < next) {
      clock_.WaitUntil(wake_, mutex_, next);
      continue;
    }
    auto expired = guarded_.extract(guarded_.begin());
    running_ = expired.key().second;
    lock.Unlock();
    expired.mapped()();
    expired.mapped() = nullptr;
    lock.Lock();
    running_ = 0;
    ran_.NotifyAll();
  }
}

}  // namespace scidex::base
