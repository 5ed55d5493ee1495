#include "app/service_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/service_manager.h"

namespace scidex::app {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr auto kWatchdog = seconds(20);
constexpr auto kProbeWithin = seconds(5);

// A report on a process whose front and probes go on or stand still as the test says.
class ServiceReportTest : public testing::Test {
 protected:
  ServiceReportTest() : manager_(socket_.address()) {}

  void Start(std::optional<base::Duration> watchdog = kWatchdog, bool has_front = true,
             base::Duration probe_within = kProbeWithin) {
    ServiceReport::Sources sources;
    sources.status = [this] { return Status(); };
    if (has_front) {
      sources.ask_front = [this](const std::function<void()>& call) {
        if (front_goes_on_) call();
      };
    }
    sources.probe_runs = [this] { return probe_runs_.load(); };
    report_ = std::make_unique<ServiceReport>(manager_, watchdog, probe_within, std::move(sources),
                                              scheduler_);
    // The first look.
    ASSERT_TRUE(AwaitLook());
  }

  // Until the task sleeps again.
  bool AwaitLook() { return clock_.AwaitSleepers(1, seconds(5)); }

  // What the manager was told in `looks` looks, a second apart.
  std::vector<std::string> Told(int looks) {
    socket_.Take();
    std::vector<std::string> told;
    for (int i = 0; i < looks; ++i) {
      if (probes_go_on_) ++probe_runs_;
      clock_.Advance(seconds(1));
      EXPECT_TRUE(AwaitLook());
      // Linux keeps a few only for a reader that does not read.
      for (std::string& message : socket_.Take()) told.push_back(std::move(message));
    }
    return told;
  }

  void SetStatus(const std::string& status) {
    const base::MutexLock lock(mutex_);
    status_ = status;
  }
  std::string Status() {
    const base::MutexLock lock(mutex_);
    return status_;
  }

  test::ServiceManagerSocket socket_;
  const base::ServiceManager manager_;
  test::ManualClock clock_;
  // No thread is added, so that only the task sets the timer for soon.
  base::Scheduler scheduler_{clock_, {.grow_after = std::chrono::hours(2)}};
  base::Mutex mutex_;
  std::string status_ SCIDEX_GUARDED_BY(mutex_) = "not ready";
  std::atomic<bool> front_goes_on_{true};
  bool probes_go_on_ = true;
  std::atomic<std::uint64_t> probe_runs_{0};
  std::unique_ptr<ServiceReport> report_;
};

TEST_F(ServiceReportTest, TellsReadyThenTheStatusAndAtTheEndThatItStops) {
  Start(std::nullopt);
  EXPECT_THAT(socket_.Take(), ElementsAre("READY=1", "STATUS=not ready"));
  report_.reset();
  EXPECT_THAT(socket_.Take(), ElementsAre("STOPPING=1\nSTATUS=ending"));
}

TEST_F(ServiceReportTest, WarnsIfNothingListensOnTheSocket) {
  const test::LogTap log;
  const base::ServiceManager manager("@scidex-no-service-manager-listens-here");
  ServiceReport::Sources sources;
  sources.status = [] { return std::string("ready"); };
  sources.probe_runs = [] { return std::uint64_t{0}; };
  { const ServiceReport report(manager, {}, kProbeWithin, std::move(sources), scheduler_); }
  EXPECT_EQ(log.Count({"level=warn", "cannot notify the service manager", "Connection refused"}),
            1u);
}

TEST_F(ServiceReportTest, TellsTheStatusWhenItChanges) {
  Start(std::nullopt);
  EXPECT_THAT(Told(3), ElementsAre());
  SetStatus("ready route=replica\n");
  EXPECT_THAT(Told(3), ElementsAre("STATUS=ready route=replica"));
}

TEST_F(ServiceReportTest, TellsWhenAReloadBeganAndThatItHasEnded) {
  Start(std::nullopt);
  socket_.Take();
  const auto before = std::chrono::steady_clock::now();
  report_->OnReloading();
  report_->OnReloaded();
  const std::vector<std::string> told = socket_.Take();
  ASSERT_EQ(told.size(), 2u);
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(told[0].starts_with(prefix)) << told[0];
  const std::chrono::microseconds at(std::stoll(told[0].substr(prefix.size())));
  EXPECT_GE(at, std::chrono::floor<std::chrono::microseconds>(before.time_since_epoch()));
  EXPECT_LE(at, std::chrono::steady_clock::now().time_since_epoch());
  EXPECT_EQ(told[1], "READY=1");
}

TEST_F(ServiceReportTest, FeedsTheWatchdogWhileEverythingGoesOn) {
  Start();
  EXPECT_EQ(Told(100), std::vector<std::string>(100, "WATCHDOG=1"));
}

TEST_F(ServiceReportTest, FeedsNoWatchdogThatWasNotAskedFor) {
  Start(std::nullopt);
  EXPECT_THAT(Told(3), ElementsAre());
}

TEST_F(ServiceReportTest, FeedsNoLongerOnceNoProbeRuns) {
  const test::LogTap log;
  Start();
  Told(1);
  probes_go_on_ = false;
  EXPECT_EQ(Told(20).size(), 20u);
  EXPECT_THAT(Told(100), ElementsAre());
  EXPECT_EQ(log.Count({"level=error", "stalled=probes"}), 1u);
}

TEST_F(ServiceReportTest, FeedsNoLongerOnceTheFrontStandsStill) {
  const test::LogTap log;
  Start();
  Told(1);
  front_goes_on_ = false;
  // The answer to the question before is still heard.
  EXPECT_EQ(Told(21).size(), 21u);
  EXPECT_THAT(Told(100), ElementsAre());
  EXPECT_EQ(log.Count({"level=error", "stalled=\"http front\""}), 1u);
}

TEST_F(ServiceReportTest, FeedsAgainOnceProbesRunAgain) {
  const test::LogTap log;
  Start();
  probes_go_on_ = false;
  Told(100);
  probes_go_on_ = true;
  EXPECT_EQ(Told(3).size(), 3u);
  EXPECT_EQ(log.Count({"level=info", "progress again"}), 1u);
}

TEST_F(ServiceReportTest, GivesProbesThatAreRareTheirTime) {
  Start(kWatchdog, true, seconds(60));
  probes_go_on_ = false;
  EXPECT_EQ(Told(60).size(), 60u);
  EXPECT_THAT(Told(10), ElementsAre());
  report_->SetProbeWithin(seconds(300));
  EXPECT_EQ(Told(10).size(), 10u);
}

TEST_F(ServiceReportTest, NeedsNoFrontWhereThereIsNone) {
  Start(kWatchdog, false);
  EXPECT_EQ(Told(50).size(), 50u);
}

TEST_F(ServiceReportTest, LooksOftenEnoughForAShortWatchdog) {
  Start(std::chrono::milliseconds(800));
  socket_.Take();
  for (int i = 0; i < 4; ++i) {
    ++probe_runs_;
    clock_.Advance(std::chrono::milliseconds(200));
    ASSERT_TRUE(AwaitLook());
  }
  EXPECT_EQ(socket_.Take().size(), 4u);
}

}  // namespace
}  // namespace scidex::app
