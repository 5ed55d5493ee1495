#include "pool/core.h"
#include "pool/errors.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

void PoolCore::AwaitReady(TimePoint deadline, const std::stop_token& stop) {
  CheckFork();
  const std::stop_callback<std::function<void()>> on_stop(stop, [this] {
    MutexLock lock(mutex_);
    ready_.NotifyAll();
  });
  MutexLock lock(mutex_);
  ++awaiting_ready_;
  while (!closed_ && !IsReady() && !stop.stop_requested() &&
         clock_.WaitUntil(ready_, mutex_, deadline)) {
  }
  if (--awaiting_ready_ == 0 && closed_) quiet_.NotifyAll();
  if (closed_) Throw<PoolClosed>("is closed");
  if (IsReady()) return;
  if (stop.stop_requested()) Throw<AcquireCancelled>("cancelled before it was ready");
  Throw<AcquireTimeout>("not ready in time, min_idle is " + std::to_string(options_.min_idle) +
                        LastFailure());
}

bool PoolCore::IsReady() const { return Size() - connecting_ >= options_.min_idle; }

void PoolCore::NotifyReady() {
  if (awaiting_ready_ > 0 && IsReady()) ready_.NotifyAll();
}

}  // namespace scidex::pool
