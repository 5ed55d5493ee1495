#include "app/service_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/service_manager.h"

namespace scidex::app {
namespace {

using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;

constexpr auto kWatchdog = seconds(20);
constexpr auto kProbeWithin = seconds(5);

// A report on a process whose front and probes make progress or stall as the test decides.
class ServiceReportTest : public testing::Test {
 protected:
  ServiceReportTest() : manager_(socket_.address()) {}

  void Start(std::optional<base::Duration> watchdog = kWatchdog, bool has_front = true,
             base::Duration probe_within = kProbeWithin) {
    ServiceReport::Sources sources;
    sources.status = [this] { return Status(); };
    if (has_front) {
      sources.ask_front = [this](const std::function<void()>& call) {
        if (front_throws_.exchange(false)) throw std::bad_alloc();
        ++asked_;
        if (front_goes_on_ && !front_loses_.exchange(false)) call();
      };
    }
    sources.probe_runs = [this] { return probe_runs_.load(); };
    report_ = std::make_unique<ServiceReport>(manager_, watchdog, probe_within, std::move(sources),
                                              scheduler_);
    // The first check.
    ASSERT_TRUE(AwaitCheck());
  }

  // Waits until the task sleeps again.
  bool AwaitCheck() { return clock_.AwaitSleepers(1, seconds(5)); }

  // The messages that the manager receives during `checks` checks, a second apart.
  std::vector<std::string> MessagesAfter(int checks) {
    socket_.TakeMessages();
    std::vector<std::string> messages;
    for (int i = 0; i < checks; ++i) {
      if (probes_go_on_) ++probe_runs_;
      clock_.Advance(seconds(1));
      EXPECT_TRUE(AwaitCheck());
      // Linux queues only a few messages for a socket that is not read.
      for (std::string& message : socket_.TakeMessages()) messages.push_back(std::move(message));
    }
    return messages;
  }

  void SetStatus(const std::string& status) {
    const base::MutexLock lock(mutex_);
    status_ = status;
  }
  std::string Status() {
    ++checks_;
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
  // Each asks for the status once.
  std::atomic<int> checks_{0};
  // Once.
  std::atomic<bool> front_throws_{false};
  std::atomic<bool> front_loses_{false};
  std::atomic<int> asked_{0};
  bool probes_go_on_ = true;
  std::atomic<std::uint64_t> probe_runs_{0};
  std::unique_ptr<ServiceReport> report_;
};

TEST_F(ServiceReportTest, TellsReadyThenTheStatusAndAtTheEndThatItStops) {
  Start(std::nullopt);
  EXPECT_THAT(socket_.TakeMessages(), ElementsAre("READY=1", "STATUS=not ready"));
  report_.reset();
  EXPECT_THAT(socket_.TakeMessages(), ElementsAre("STOPPING=1\nSTATUS=shutting down"));
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

TEST_F(ServiceReportTest, RepeatsReadyUntilTheManagerAcceptsIt) {
  ASSERT_GT(socket_.Fill(), 0);
  Start(std::nullopt);
  EXPECT_THAT(socket_.TakeMessages(), Each("FULL"));
  EXPECT_THAT(MessagesAfter(2), ElementsAre("READY=1", "STATUS=not ready"));
}

TEST_F(ServiceReportTest, RepeatsReadyAfterAReloadButNotDuringOne) {
  Start(std::nullopt);
  report_->OnReloading();
  EXPECT_THAT(MessagesAfter(3), ElementsAre());
  ASSERT_GT(socket_.Fill(), 0);
  const int before = checks_;
  report_->OnReloaded();
  // The check that this triggers; before it, the task still sleeps.
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return checks_ > before; }));
  ASSERT_TRUE(AwaitCheck());
  EXPECT_THAT(MessagesAfter(2), ElementsAre("READY=1"));
}

TEST_F(ServiceReportTest, TellsTheStatusWhenItChanges) {
  Start(std::nullopt);
  EXPECT_THAT(MessagesAfter(3), ElementsAre());
  SetStatus("ready route=replica\n");
  EXPECT_THAT(MessagesAfter(3), ElementsAre("STATUS=ready route=replica"));
}

TEST_F(ServiceReportTest, TellsWhenAReloadBeganAndThatItHasEnded) {
  Start(std::nullopt);
  socket_.TakeMessages();
  const auto before = std::chrono::steady_clock::now();
  report_->OnReloading();
  report_->OnReloaded();
  const std::vector<std::string> messages = socket_.TakeMessages();
  ASSERT_EQ(messages.size(), 2u);
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(messages[0].starts_with(prefix)) << messages[0];
  const std::chrono::microseconds at(std::stoll(messages[0].substr(prefix.size())));
  EXPECT_GE(at, std::chrono::floor<std::chrono::microseconds>(before.time_since_epoch()));
  EXPECT_LE(at, std::chrono::steady_clock::now().time_since_epoch());
  EXPECT_EQ(messages[1], "READY=1");
}

TEST_F(ServiceReportTest, FeedsTheWatchdogWhileEverythingMakesProgress) {
  Start();
  EXPECT_EQ(MessagesAfter(100), std::vector<std::string>(100, "WATCHDOG=1"));
}

TEST_F(ServiceReportTest, FeedsNoWatchdogThatWasNotAskedFor) {
  Start(std::nullopt);
  EXPECT_THAT(MessagesAfter(3), ElementsAre());
}

TEST_F(ServiceReportTest, StopsFeedingWhenNoProbeRuns) {
  const test::LogTap log;
  Start();
  MessagesAfter(1);
  probes_go_on_ = false;
  EXPECT_EQ(MessagesAfter(20).size(), 20u);
  EXPECT_THAT(MessagesAfter(100), ElementsAre());
  EXPECT_EQ(log.Count({"level=error", "stalled=probes"}), 1u);
}

TEST_F(ServiceReportTest, StopsFeedingWhenTheFrontMakesNoProgress) {
  const test::LogTap log;
  Start();
  MessagesAfter(1);
  front_goes_on_ = false;
  // The answer to the previous question still arrives.
  EXPECT_EQ(MessagesAfter(21).size(), 21u);
  EXPECT_THAT(MessagesAfter(100), ElementsAre());
  EXPECT_EQ(log.Count({"level=error", "stalled=\"http front\""}), 1u);
}

TEST_F(ServiceReportTest, FrontThatCouldNotBeAskedOnceIsAskedAgain) {
  Start();
  MessagesAfter(1);
  front_throws_ = true;
  EXPECT_EQ(MessagesAfter(100).size(), 100u);
  EXPECT_FALSE(front_throws_);
}

TEST_F(ServiceReportTest, FrontThatLosesACallbackNowAndThenIsNotStalled) {
  Start();
  for (int i = 0; i < 10; ++i) {
    front_loses_ = true;
    EXPECT_EQ(MessagesAfter(50).size(), 50u);
    EXPECT_FALSE(front_loses_);
  }
}

TEST_F(ServiceReportTest, AsksAHungFrontOnlyAFewTimes) {
  Start();
  front_goes_on_ = false;
  const int before = asked_;
  MessagesAfter(100);
  EXPECT_GT(asked_, before);
  EXPECT_LE(asked_, before + 4);
}

TEST_F(ServiceReportTest, ResumesFeedingWhenProbesRunAgain) {
  const test::LogTap log;
  Start();
  probes_go_on_ = false;
  MessagesAfter(100);
  probes_go_on_ = true;
  EXPECT_EQ(MessagesAfter(3).size(), 3u);
  EXPECT_EQ(log.Count({"level=info", "no component is stalled; the watchdog is notified again"}),
            1u);
}

TEST_F(ServiceReportTest, GivesProbesThatAreRareTheirTime) {
  Start(kWatchdog, true, seconds(60));
  probes_go_on_ = false;
  EXPECT_EQ(MessagesAfter(60).size(), 60u);
  EXPECT_THAT(MessagesAfter(10), ElementsAre());
  report_->SetProbeWithin(seconds(300));
  EXPECT_EQ(MessagesAfter(10).size(), 10u);
}

TEST_F(ServiceReportTest, NeedsNoFrontWhereThereIsNone) {
  Start(kWatchdog, false);
  EXPECT_EQ(MessagesAfter(50).size(), 50u);
}

TEST_F(ServiceReportTest, LooksOftenEnoughForAShortWatchdog) {
  Start(std::chrono::milliseconds(800));
  socket_.TakeMessages();
  for (int i = 0; i < 4; ++i) {
    ++probe_runs_;
    clock_.Advance(std::chrono::milliseconds(200));
    ASSERT_TRUE(AwaitCheck());
  }
  EXPECT_EQ(socket_.TakeMessages().size(), 4u);
}

}  // namespace
}  // namespace scidex::app
