#include "status/text.h"

#include <chrono>

#include <gtest/gtest.h>

#include "status/html.h"

namespace scidex::status {
namespace {

using base::WallTime;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(StatusText, TimesAreIso8601InUtcWithMilliseconds) {
  EXPECT_EQ(IsoTime(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(IsoTime(WallTime(seconds(1'700'000'000))), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(IsoTime(WallTime(seconds(1'700'000'000) + microseconds(7999))),
            "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(IsoTime(WallTime(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(StatusText, TimesForPeopleAreInUtcToTheSecond) {
  EXPECT_EQ(TimeText(WallTime(seconds(1'700'000'000) + milliseconds(999))), "2023-11-14 22:13:20");
}

TEST(StatusText, DurationsHaveTheirTwoLargestUnits) {
  EXPECT_EQ(DurationText(-hours(24)), "0 µs");
  EXPECT_EQ(DurationText(seconds(0)), "0 µs");
  EXPECT_EQ(DurationText(microseconds(80)), "80 µs");
  EXPECT_EQ(DurationText(nanoseconds(999'999)), "999 µs");
  EXPECT_EQ(DurationText(milliseconds(1)), "1 ms");
  EXPECT_EQ(DurationText(milliseconds(999)), "999 ms");
  EXPECT_EQ(DurationText(seconds(1)), "1.0 s");
  EXPECT_EQ(DurationText(milliseconds(9990)), "9.9 s");
  EXPECT_EQ(DurationText(seconds(10)), "10 s");
  EXPECT_EQ(DurationText(seconds(59)), "59 s");
  EXPECT_EQ(DurationText(seconds(125)), "2 min 5 s");
  EXPECT_EQ(DurationText(hours(2)), "2 h 0 min");
  EXPECT_EQ(DurationText(hours(76) + minutes(59)), "3 d 4 h");
}

TEST(StatusText, EscapedTextCannotBecomeMarkup) {
  EXPECT_EQ(Escaped("<a href=\"x\" id='y'>&amp;"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(Escaped("größer"), "größer");
}

}  // namespace
}  // namespace scidex::status
