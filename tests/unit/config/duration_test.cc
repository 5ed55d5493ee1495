#include "config/duration.h"

#include <gtest/gtest.h>

namespace scidex::config {
namespace {

using base::Duration;

TEST(Duration, IsANumberWithAUnitOrSeveral) {
  using namespace std::chrono_literals;
  EXPECT_EQ(ParseDuration("500ms"), Duration(500ms));
  EXPECT_EQ(ParseDuration("5s"), Duration(5s));
  EXPECT_EQ(ParseDuration("1m30s"), Duration(90s));
  EXPECT_EQ(ParseDuration("1h"), Duration(1h));
  EXPECT_EQ(ParseDuration("2d"), Duration(48h));
  EXPECT_EQ(ParseDuration("7us"), Duration(7us));
  EXPECT_EQ(ParseDuration("7ns"), Duration(7));
  EXPECT_EQ(ParseDuration("0s"), Duration::zero());
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "+5s", "5.5s", "5parsecs", "5s5", "5S",
                           "99999999999999999999s", "9223372036854775807s", "200000d200000d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsReadBackAsItIsWritten) {
  for (Duration::rep count = 1; count > 0 && count < 1'000'000'000'000'000'000;
       count = count * 7 + 3) {
    const Duration duration(count);
    EXPECT_EQ(ParseDuration(FormatDuration(duration)), duration) << FormatDuration(duration);
  }
  EXPECT_EQ(FormatDuration(Duration::zero()), "0s");
  EXPECT_EQ(FormatDuration(std::chrono::milliseconds(90'500)), "1m30s500ms");
}

}  // namespace
}  // namespace scidex::config
