#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "support/log_tap.h"

namespace scidex::base {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::internal::CaptureStderr;

// The captured output, once it has been written.
std::string GetCapturedStderr() {
  EXPECT_TRUE(FlushLog(std::chrono::seconds(60)));
  return ::testing::internal::GetCapturedStderr();
}

class LogTest : public ::testing::Test {
 protected:
  // Earlier output is not captured.
  LogTest() { EXPECT_TRUE(FlushLog(std::chrono::seconds(60))); }
  ~LogTest() override { ConfigureLog({}); }

  static std::vector<std::string> Split(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
      lines.push_back(text.substr(start, end - start));
    }
    if (start < text.size()) lines.push_back(text.substr(start));
    return lines;
  }
};

// During its lifetime, local time is five and a half hours ahead of UTC.
class TimeZoneAheadOfUtc {
 public:
  TimeZoneAheadOfUtc() { SetTimeZone("FAR-05:30"); }
  ~TimeZoneAheadOfUtc() { SetTimeZone(before_); }
  TimeZoneAheadOfUtc(const TimeZoneAheadOfUtc&) = delete;
  TimeZoneAheadOfUtc& operator=(const TimeZoneAheadOfUtc&) = delete;

 private:
  static std::string CurrentTimeZone() {
    const char* zone = std::getenv("TZ");
    return zone == nullptr ? "UTC" : zone;
  }
  static void SetTimeZone(const std::string& zone) {
    setenv("TZ", zone.c_str(), 1);
    tzset();
  }

  const std::string before_ = CurrentTimeZone();
};

TEST_F(LogTest, LogfmtQuotesWhatIsNotABareWord) {
  const test::LogTap log;
  LogInfo("route changed",
          {{"from", "replica"}, {"why", "a \"quoted\" word"}, {"path", "a\\b=c"}, {"empty", ""}});
  EXPECT_THAT(log.Lines(), ElementsAre(R"(level=info msg="route changed" from=replica )"
                                       R"(why="a \"quoted\" word" path="a\\b=c" empty="")"));
}

TEST_F(LogTest, NumbersTruthValuesAndDurationsAreWrittenAsSuch) {
  const test::LogTap log;
  LogWarn("m", {{"n", -3},
                {"u", std::uint64_t{18446744073709551615u}},
                {"d", 0.25},
                {"yes", true},
                {"took", Duration(milliseconds(1500))},
                {"nan", std::nan("")}});
  EXPECT_THAT(log.Lines(), ElementsAre("level=warn msg=\"m\" n=-3 u=18446744073709551615 d=0.25 "
                                       "yes=true took=1.5 nan=nan"));
}

TEST_F(LogTest, PointerIsNoTruthValue) {
  static_assert(std::is_nothrow_constructible_v<LogValue, const std::string&>);
  static_assert(std::is_nothrow_constructible_v<LogValue, std::int64_t>);
  static_assert(std::is_nothrow_constructible_v<LogValue, double>);
  static_assert(std::is_nothrow_copy_constructible_v<LogField>);
  static_assert(std::constructible_from<LogValue, bool>);
  static_assert(!std::constructible_from<LogValue, const int*>);
}

TEST_F(LogTest, LineHasItsTimeInUtcAndGoesToStandardErrorAlone) {
  const TimeZoneAheadOfUtc zone;
  CaptureStderr();
  ::testing::internal::CaptureStdout();
  LogInfo("hello");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  const std::string line = GetCapturedStderr();
  EXPECT_THAT(line,
              ::testing::MatchesRegex("ts=....-..-..T..:..:..\\....Z level=info msg=\"hello\"\n"));
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::tm written{};
  gmtime_r(&now, &utc);
  ASSERT_NE(strptime(line.c_str(), "ts=%Y-%m-%dT%H:%M:%S", &written), nullptr);
  EXPECT_NEAR(std::difftime(timegm(&utc), timegm(&written)), 0, 60);
}

TEST_F(LogTest, LineForTheJournalHasItsLevelInFrontAndNoTime) {
  ConfigureLog({.level = LogLevel::kDebug, .journald = Journald::kOn});
  CaptureStderr();
  LogDebug("a");
  LogInfo("b", {{"n", 1}});
  LogWarn("c");
  LogError("d");
  WriteToStandardError("as it is");
  WriteToStandardError("warning", LogLevel::kWarn);
  EXPECT_EQ(GetCapturedStderr(),
            "<7>level=debug msg=\"a\"\n"
            "<6>level=info msg=\"b\" n=1\n"
            "<4>level=warn msg=\"c\"\n"
            "<3>level=error msg=\"d\"\n"
            "<3>as it is\n"
            "<4>warning\n");
}

TEST_F(LogTest, JsonForTheJournalIsAnObjectBehindTheLevel) {
  ConfigureLog({.format = LogFormat::kJson, .journald = Journald::kOn});
  CaptureStderr();
  LogInfo("a");
  EXPECT_EQ(GetCapturedStderr(), "<6>{\"level\":\"info\",\"msg\":\"a\"}\n");
}

TEST_F(LogTest, LineIsForTheJournalByItselfWhereStandardErrorIsIt) {
  CaptureStderr();
  struct stat facts {};
  ASSERT_EQ(fstat(STDERR_FILENO, &facts), 0);
  const std::string stream = std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  ConfigureLog({});
  LogInfo("a");
  ConfigureLog({.journald = Journald::kOff});
  LogInfo("b");
  // Another file has replaced the journal.
  setenv("JOURNAL_STREAM", "1:1", 1);
  ConfigureLog({});
  LogInfo("c");
  unsetenv("JOURNAL_STREAM");
  EXPECT_THAT(GetCapturedStderr(), ::testing::MatchesRegex("<6>level=info msg=\"a\"\n"
                                                           "ts=.* level=info msg=\"b\"\n"
                                                           "ts=.* level=info msg=\"c\"\n"));
}

TEST_F(LogTest, JsonLineIsAnObjectThatAParserReads) {
  ConfigureLog({.level = LogLevel::kInfo, .format = LogFormat::kJson});
  CaptureStderr();
  LogError("a \"message\"\n", {{"text", "line 1\nline 2\t\x01 \\ gr\xFCn"},
                               {"n", 7},
                               {"d", 1.5},
                               {"yes", false},
                               {"inf", INFINITY},
                               {"a \"key\"", "7"}});
  const std::string output = GetCapturedStderr();
  ASSERT_EQ(Split(output).size(), 1u) << output;
  const auto json = nlohmann::json::parse(output);
  EXPECT_EQ(json.at("level"), "error");
  EXPECT_EQ(json.at("msg"), "a \"message\"\n");
  EXPECT_EQ(json.at("text"), "line 1\nline 2\t\x01 \\ gr\xEF\xBF\xBDn");
  EXPECT_EQ(json.at("n"), 7);
  EXPECT_EQ(json.at("d"), 1.5);
  EXPECT_EQ(json.at("yes"), false);
  EXPECT_EQ(json.at("inf"), "inf");
  EXPECT_EQ(json.at("a \"key\""), "7");
  EXPECT_THAT(json.at("ts").get<std::string>(), ::testing::EndsWith("Z"));
}

TEST_F(LogTest, NoTextStartsALineOfItsOwn) {
  for (const LogFormat format : {LogFormat::kLogfmt, LogFormat::kJson}) {
    ConfigureLog({.level = LogLevel::kInfo, .format = format});
    CaptureStderr();
    LogInfo("one\nlevel=error msg=forged", {{"a", "\r\nlevel=error msg=forged"}});
    EXPECT_EQ(Split(GetCapturedStderr()).size(), 1u) << Name(format);
  }
}

TEST_F(LogTest, PlaceholdersOfTheFormatterAreOrdinaryText) {
  const test::LogTap log;
  LogInfo("{} %v %d", {{"f", "{0}%v"}});
  EXPECT_THAT(log.Lines(), ElementsAre("level=info msg=\"{} %v %d\" f={0}%v"));
}

TEST_F(LogTest, LevelsBelowTheOneInForceAreNeitherWrittenNorCounted) {
  ConfigureLog({.level = LogLevel::kWarn, .format = LogFormat::kLogfmt});
  const auto before = LogMessageCounts();
  CaptureStderr();
  LogDebug("d");
  LogInfo("i");
  LogWarn("w");
  LogError("e");
  LogError("e");
  EXPECT_EQ(Split(GetCapturedStderr()).size(), 3u);
  const auto after = LogMessageCounts();
  EXPECT_EQ(after[LogLevel::kDebug], before[LogLevel::kDebug]);
  EXPECT_EQ(after[LogLevel::kInfo], before[LogLevel::kInfo]);
  EXPECT_EQ(after[LogLevel::kWarn], before[LogLevel::kWarn] + 1);
  EXPECT_EQ(after[LogLevel::kError], before[LogLevel::kError] + 2);
}

TEST_F(LogTest, DebugIsWrittenWhenAskedFor) {
  ConfigureLog({.level = LogLevel::kDebug, .format = LogFormat::kLogfmt});
  const test::LogTap log;
  EXPECT_TRUE(Logs(LogLevel::kDebug));
  LogDebug("d");
  EXPECT_THAT(log.Lines(), ElementsAre("level=debug msg=\"d\""));
  ConfigureLog({.level = LogLevel::kInfo, .format = LogFormat::kLogfmt});
  EXPECT_FALSE(Logs(LogLevel::kDebug));
}

}  // namespace
}  // namespace scidex::base
