#include "http/compute_limit.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"

namespace scidex::http {

void ComputeLimit::Enter() {
  const base::TimePoint deadline = base::Add(base::RealClock().Now(), max_wait_);
  const base::MutexLock lock(mutex_);
  while (free_ <= 0 && left_.WaitUntil(mutex_, deadline)) continue;
  --free_;
}

void ComputeLimit::Leave() {
  {
    const base::MutexLock lock(mutex_);
    ++free_;
  }
  left_.NotifyOne();
}

int ConcurrentComputations() {
  // hardware_concurrency() is 0 if the number is unknown.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency() / 2));
}

}  // namespace scidex::http
