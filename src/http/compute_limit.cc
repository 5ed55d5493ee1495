#include "http/compute_limit.h"

#include <sched.h>

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
  cpu_set_t usable;
  CPU_ZERO(&usable);
  // Fails on a machine with more processors than the set can contain.
  const int count = sched_getaffinity(0, sizeof usable, &usable) == 0
                        ? CPU_COUNT(&usable)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, count / 2);
}

}  // namespace scidex::http
