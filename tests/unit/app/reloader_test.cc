#include "app/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "config/config.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace scidex::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A reloader whose file is a Config, and whose database only remembers the DSNs that it was given.
class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() {
    file_.database.primary.emplace();
    file_.web.listen_addresses = {"127.0.0.1:0"};
    SetPassword("one");
  }

  void SetPassword(const std::string& password) {
    const base::MutexLock lock(mutex_);
    file_.database.primary->dsn = base::Secret("host=db user=app password=" + password);
  }
  config::Config File() {
    const base::MutexLock lock(mutex_);
    return file_;
  }
  std::vector<std::string> Taken() {
    const base::MutexLock lock(mutex_);
    return taken_;
  }
  Reloader MakeReloader() {
    return Reloader(
        File(), [this] { return File(); }, [this] { check_(); },
        [this](const config::Config& config) {
          const base::MutexLock lock(mutex_);
          taken_.push_back(config.database.primary->dsn.Reveal());
          on_taken_();
        },
        [this](Reloader::Phase phase) { announce_(phase); }, scheduler_);
  }
  static Reloader::Outcome Reload(Reloader& reloader) {
    return reloader.Reload(Reloader::IfUnderWay::kGiveUp).outcome;
  }

  const test::TempDir dir_;
  base::Mutex mutex_;
  config::Config file_ SCIDEX_GUARDED_BY(mutex_);
  std::vector<std::string> taken_ SCIDEX_GUARDED_BY(mutex_);
  // What a test changes, before it makes the reloader.
  std::function<void()> check_ = [] {};
  std::function<void()> on_taken_ = [] {};
  Reloader::Announce announce_ = [](Reloader::Phase) {};
  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, {.grow_after = std::chrono::hours(2)}};
};

// A name that is not known, as a resolver would say only after its timeout.
constexpr const char* kUnknownHost = "no-such-host.invalid:0";

TEST_F(ReloaderTest, NewPasswordIsTakenWhateverElseIsWrong) {
  {
    const base::MutexLock lock(mutex_);
    file_.web_config_file = dir_.Write("web.yaml", "nonsense").string();
    file_.textfile_path = (dir_.path() / "none" / "pools.prom").string();
    file_.web.listen_addresses = {kUnknownHost};
  }
  Reloader reloader = MakeReloader();
  SetPassword("two");
  const test::LogTap log;
  reloader.RereadCredentials();
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return !Taken().empty(); }));
  EXPECT_THAT(Taken(), ElementsAre("host=db user=app password=two"));
  EXPECT_EQ(log.Count({"cannot be read again"}), 0u);
}

TEST_F(ReloaderTest, PasswordThatMakesTheDsnInvalidIsNotTaken) {
  Reloader reloader = MakeReloader();
  SetPassword("two three");
  const test::LogTap log;
  reloader.RereadCredentials();
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] {
    return log.Count({"the DSNs cannot be read again", "error=\"primary.dsn: "}) == 1;
  }));
  EXPECT_THAT(Taken(), IsEmpty());
}

TEST_F(ReloaderTest, ReloadChecksOnlyWhatItCanChange) {
  {
    const base::MutexLock lock(mutex_);
    file_.textfile_path = (dir_.path() / "none" / "pools.prom").string();
    file_.web.listen_addresses = {kUnknownHost};
  }
  Reloader reloader = MakeReloader();
  EXPECT_EQ(reloader.Reload(Reloader::IfUnderWay::kWait).error, "");
  {
    const base::MutexLock lock(mutex_);
    file_.textfile_path = "other.prom";
  }
  EXPECT_THAT(reloader.Reload(Reloader::IfUnderWay::kWait).error,
              HasSubstr("textfile.path: cannot change while the process runs"));
}

TEST_F(ReloaderTest, ReloadIsRefusedIfTheWebFileIsInvalid) {
  {
    const base::MutexLock lock(mutex_);
    file_.web_config_file = dir_.Write("web.yaml", "nonsense").string();
  }
  Reloader reloader = MakeReloader();
  EXPECT_THAT(reloader.Reload(Reloader::IfUnderWay::kWait).error, HasSubstr("web.yaml:1: "));
  EXPECT_THAT(Taken(), IsEmpty());
}

TEST_F(ReloaderTest, WhatRefusesReloadsDoesNotRefuseANewPassword) {
  check_ = [] { throw std::runtime_error("no certificate"); };
  Reloader reloader = MakeReloader();
  SetPassword("two");
  EXPECT_EQ(reloader.Reload(Reloader::IfUnderWay::kWait).error, "no certificate");
  EXPECT_FALSE(reloader.successful());
  EXPECT_THAT(Taken(), IsEmpty());
  reloader.RereadCredentials();
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return !Taken().empty(); }));
  EXPECT_THAT(Taken(), ElementsAre("host=db user=app password=two"));
}

TEST_F(ReloaderTest, ReloadThatWasAppliedSucceedsWhateverFollows) {
  // The DSNs are parsed again for the warnings.
  {
    const base::MutexLock lock(mutex_);
    file_.database.replica.emplace().dsn = base::Secret("host=other user=app");
  }
  on_taken_ = [] { setenv("PGSSLMODE", "odd", 1); };
  std::vector<Reloader::Phase> phases;
  announce_ = [&](Reloader::Phase phase) { phases.push_back(phase); };
  Reloader reloader = MakeReloader();
  const test::LogTap log;
  EXPECT_EQ(Reload(reloader), Reloader::Outcome::kReloaded);
  EXPECT_TRUE(reloader.successful());
  EXPECT_EQ(log.Count({"warnings about the configuration cannot be determined"}), 1u);
  EXPECT_THAT(phases, ElementsAre(Reloader::Phase::kBegins, Reloader::Phase::kEnded));
  EXPECT_EQ(Reload(reloader), Reloader::Outcome::kRefused);
  unsetenv("PGSSLMODE");
}

TEST_F(ReloaderTest, ReloadEndsEvenWithAnExceptionThatNothingExpects) {
  struct Unexpected {};
  bool throws = true;
  check_ = [&throws] {
    if (throws) throw Unexpected();
  };
  std::vector<Reloader::Phase> phases;
  announce_ = [&](Reloader::Phase phase) { phases.push_back(phase); };
  Reloader reloader = MakeReloader();
  EXPECT_THROW(Reload(reloader), Unexpected);
  EXPECT_THAT(phases, ElementsAre(Reloader::Phase::kBegins, Reloader::Phase::kEnded));
  throws = false;
  EXPECT_EQ(Reload(reloader), Reloader::Outcome::kReloaded);
}

TEST_F(ReloaderTest, ReloadThatCannotBeAnnouncedIsDone) {
  announce_ = [](Reloader::Phase) { throw std::runtime_error("no memory"); };
  Reloader reloader = MakeReloader();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Reload(reloader), Reloader::Outcome::kReloaded);
}

}  // namespace
}  // namespace scidex::app
