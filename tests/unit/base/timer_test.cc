#include "base/timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stdexcept>

#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class TimerTest : public ::testing::Test {
 protected:
  TimePoint In(Duration length) { return clock_.Now() + length; }

  test::ManualClock clock_;
  Timer timer_{clock_};
  Event fired_;
};

TEST_F(TimerTest, CallsAtItsTimeAndNotBefore) {
  const Timer::Entry guard(timer_, In(seconds(5)), [&] { fired_.Notify(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(5)));
  clock_.Advance(seconds(4));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(fired_.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(fired_.Await());
}

TEST_F(TimerTest, CallsOnce) {
  const Timer::Entry guard(timer_, In(seconds(1)), [&] { fired_.Notify(); });
  const Timer::Entry later(timer_, In(minutes(5)), [] {});
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  ASSERT_TRUE(fired_.Await());
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  clock_.Advance(minutes(1));
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  EXPECT_EQ(fired_.times(), 1);
}

TEST_F(TimerTest, TimeThatHasPassedIsCalledAtOnce) {
  const Timer::Entry guard(timer_, In(-seconds(1)), [&] { fired_.Notify(); });
  EXPECT_TRUE(fired_.Await());
}

TEST_F(TimerTest, EntryThatIsGoneIsNotCalled) {
  const Timer::Entry later(timer_, In(minutes(5)), [] {});
  {
    const Timer::Entry guard(timer_, In(seconds(1)), [&] { fired_.Notify(); });
  }
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  clock_.Advance(minutes(1));
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(4)));
  EXPECT_EQ(fired_.times(), 0);
}

TEST_F(TimerTest, EachEntryIsCalledAtItsOwnTimeInAnyOrder) {
  Event second;
  const Timer::Entry late(timer_, In(seconds(2)), [&] { second.Notify(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(2)));
  const Timer::Entry early(timer_, In(seconds(1)), [&] { fired_.Notify(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  ASSERT_TRUE(fired_.Await());
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(second.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(second.Await());
}

TEST_F(TimerTest, EntriesWithTheSameTimeAreAllCalled) {
  const TimePoint deadline = In(seconds(1));
  const Timer::Entry one(timer_, deadline, [&] { fired_.Notify(); });
  const Timer::Entry two(timer_, deadline, [&] { fired_.Notify(); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(fired_.Await(2));
}

TEST_F(TimerTest, DestructorWaitsForTheCallUnderWay) {
  Event go_on;
  std::atomic<bool> finished = false;
  std::optional<Timer::Entry> entry;
  entry.emplace(timer_, In(Duration::zero()), [&] {
    // Its destructor uses the timer, as that of a connection may.
    const Timer::Entry closing(timer_, kNever, [] {});
    fired_.Notify();
    go_on.Await();
    finished = true;
  });
  ASSERT_TRUE(fired_.Await());
  Event leaving;
  Thread other("guarded", [&] {
    leaving.Notify();
    entry.reset();
    EXPECT_TRUE(finished);
  });
  ASSERT_TRUE(leaving.Await());
  go_on.Notify();
}

TEST_F(TimerTest, EntryThatIsSetAgainIsCalledAtItsNewTimeAlone) {
  Timer::Entry entry(timer_, In(seconds(1)), [&] { fired_.Notify(); });
  entry.Set(In(seconds(3)));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(3)));
  clock_.Advance(seconds(2));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(fired_.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(fired_.Await());
}

TEST_F(TimerTest, EntryThatIsSetToNeverIsNotCalled) {
  Timer::Entry entry(timer_, In(seconds(1)), [&] { fired_.Notify(); });
  const Timer::Entry later(timer_, In(minutes(5)), [] {});
  entry.Set(kNever);
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  clock_.Advance(seconds(2));
  ASSERT_TRUE(clock_.AwaitSleepers(1, minutes(5)));
  EXPECT_EQ(fired_.times(), 0);
}

TEST_F(TimerTest, FunctionMaySetItsOwnEntryAgain) {
  std::optional<Timer::Entry> entry;
  entry.emplace(timer_, [&] {
    fired_.Notify();
    if (fired_.times() < 3) entry->Set(clock_.Now());
  });
  entry->Set(clock_.Now());
  EXPECT_TRUE(fired_.Await(3));
}

TEST_F(TimerTest, FunctionThatThrowsEndsNeitherThreadNorProcess) {
  const test::LogTap log;
  const Timer::Entry bad(timer_, In(Duration::zero()),
                         [] { throw std::runtime_error("out of luck"); });
  const Timer::Entry good(timer_, In(Duration::zero()), [&] { fired_.Notify(); });
  EXPECT_TRUE(fired_.Await());
  EXPECT_EQ(log.Count({"level=error", "out of luck"}), 1U);
}

TEST_F(TimerTest, EntryThatIsNeverDueIsNotCalled) {
  const Timer::Entry never(timer_, kNever, [&] { fired_.Notify(); });
  const Timer::Entry later(timer_, In(std::chrono::hours(2000)), [] {});
  clock_.Advance(std::chrono::hours(1000));
  ASSERT_TRUE(clock_.AwaitSleepers(1, std::chrono::hours(1000)));
  EXPECT_EQ(fired_.times(), 0);
}

}  // namespace
}  // namespace scidex::base
