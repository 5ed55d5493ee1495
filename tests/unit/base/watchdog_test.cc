#include "base/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>

#include "support/manual_clock.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class WatchdogTest : public ::testing::Test {
 protected:
  TimePoint In(Duration length) { return clock_.Now() + length; }

  test::ManualClock clock_;
  Watchdog watchdog_{clock_};
  Event fired_;
};

TEST_F(WatchdogTest, FiresAtTheDeadlineAndNotBefore) {
  const Watchdog::Guard guard(watchdog_, In(seconds(5)), [&] { fired_.Happen(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(5)));
  clock_.Advance(seconds(4));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(fired_.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(fired_.Await());
}

TEST_F(WatchdogTest, FiresOnce) {
  const Watchdog::Guard guard(watchdog_, In(seconds(1)), [&] { fired_.Happen(); });
  const Watchdog::Guard later(watchdog_, In(minutes(5)), [] {});
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  ASSERT_TRUE(fired_.Await());
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  clock_.Advance(minutes(1));
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  EXPECT_EQ(fired_.times(), 1);
}

TEST_F(WatchdogTest, DeadlineThatHasPassedFiresAtOnce) {
  const Watchdog::Guard guard(watchdog_, In(-seconds(1)), [&] { fired_.Happen(); });
  EXPECT_TRUE(fired_.Await());
}

TEST_F(WatchdogTest, WorkThatIsDoneInTimeDoesNotFire) {
  const Watchdog::Guard later(watchdog_, In(minutes(5)), [] {});
  {
    const Watchdog::Guard guard(watchdog_, In(seconds(1)), [&] { fired_.Happen(); });
  }
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  clock_.Advance(minutes(1));
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(4)));
  EXPECT_EQ(fired_.times(), 0);
}

TEST_F(WatchdogTest, EachGuardFiresAtItsOwnDeadlineInWhateverOrderTheyCame) {
  Event second;
  const Watchdog::Guard late(watchdog_, In(seconds(2)), [&] { second.Happen(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(2)));
  const Watchdog::Guard early(watchdog_, In(seconds(1)), [&] { fired_.Happen(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  ASSERT_TRUE(fired_.Await());
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(second.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(second.Await());
}

TEST_F(WatchdogTest, GuardsWithTheSameDeadlineAllFire) {
  const TimePoint deadline = In(seconds(1));
  const Watchdog::Guard one(watchdog_, deadline, [&] { fired_.Happen(); });
  const Watchdog::Guard two(watchdog_, deadline, [&] { fired_.Happen(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(fired_.Await(2));
}

TEST_F(WatchdogTest, DestructorOfAGuardWaitsForItsFunctionAndForWhatItOwns) {
  Event go_on;
  std::atomic<bool> finished = false;
  // It uses the watchdog as it goes, as a connection that it closes may do.
  std::shared_ptr<int> owned(new int, [&](const int* value) {
    const Watchdog::Guard closing(watchdog_, kNever, [] {});
    delete value;
  });
  const std::weak_ptr<int> watched = owned;
  std::optional<Watchdog::Guard> guard;
  guard.emplace(watchdog_, In(Duration::zero()), [&, owned = std::move(owned)] {
    fired_.Happen();
    go_on.Await();
    finished = true;
  });
  ASSERT_TRUE(fired_.Await());
  Event leaving;
  Thread other("guarded", [&] {
    leaving.Happen();
    guard.reset();
    EXPECT_TRUE(finished);
    EXPECT_TRUE(watched.expired());
  });
  ASSERT_TRUE(leaving.Await());
  go_on.Happen();
}

TEST_F(WatchdogTest, GuardWithoutADeadlineNeverFires) {
  const Watchdog::Guard never(watchdog_, kNever, [&] { fired_.Happen(); });
  const Watchdog::Guard later(watchdog_, In(std::chrono::hours(2000)), [] {});
  clock_.Advance(std::chrono::hours(1000));
  ASSERT_TRUE(clock_.AwaitSleepers(1, std::chrono::hours(1000)));
  EXPECT_EQ(fired_.times(), 0);
}

}  // namespace
}  // namespace scidex::base
