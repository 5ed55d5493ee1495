#include "base/clock.h"

namespace scidex::base {
namespace {

class MachineClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
  bool WaitUntil(CondVar& cond, Mutex& mutex, TimePoint deadline) override SCIDEX_REQUIRES(mutex) {
    if (deadline == kNever) {
      cond.Wait(mutex);
      return true;
    }
    return cond.WaitUntil(mutex, deadline);
  }
};

}  // namespace

// Never destroyed: threads may still use it while statics are destroyed.
Clock& RealClock() {
  static Clock& clock = *new MachineClock;
  return clock;
}

}  // namespace scidex::base
