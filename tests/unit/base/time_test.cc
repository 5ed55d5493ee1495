#include "base/time.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "support/manual_clock.h"

namespace scidex::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{hours(1)};

TEST(Time, AddSaturatesAtNever) {
  static_assert(Add(kStart, seconds(2)) == kStart + seconds(2));
  static_assert(Add(kStart, Duration::max()) == kNever);
  static_assert(Add(kStart, kNever - kStart) == kNever);
  static_assert(Add(kStart, kNever - kStart - Duration(1)) == kNever - Duration(1));
  static_assert(Add(kNever, Duration::zero()) == kNever);
  static_assert(Add(kNever, seconds(1)) == kNever);
}

TEST(Time, AddTakesTimesBeforeTheEpochAndNegativeLengths) {
  static_assert(Add(TimePoint::min(), seconds(1)) == TimePoint::min() + seconds(1));
  static_assert(Add(TimePoint(), Duration::max()) == kNever);
  static_assert(Add(kStart, -seconds(2)) == kStart - seconds(2));
}

TEST(Time, SecondsKeepsTheFraction) {
  static_assert(Seconds(milliseconds(1500)) == 1.5);
  static_assert(UnixSeconds(WallTime(milliseconds(2500))) == 2.5);
}

TEST(Clock, RealClockReachesADeadline) {
  Mutex mutex;
  CondVar never_notified;
  const TimePoint start = RealClock().Now();
  const TimePoint deadline = start + milliseconds(5);
  MutexLock lock(mutex);
  while (RealClock().WaitUntil(never_notified, mutex, deadline)) continue;
  EXPECT_GE(RealClock().Now(), deadline);
}

TEST(Clock, WaitForADeadlineThatHasPassedReturnsAtOnce) {
  Mutex mutex;
  CondVar never_notified;
  MutexLock lock(mutex);
  EXPECT_FALSE(RealClock().WaitUntil(never_notified, mutex, TimePoint::min()));
  test::ManualClock manual;
  EXPECT_FALSE(manual.WaitUntil(never_notified, mutex, manual.Now()));
}

}  // namespace
}  // namespace scidex::base
