// A QueryRunner whose rows and clock are the test's.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.h"
#include "pool/errors.h"
#include "pool/pool.h"
#include "queries/query_runner.h"
#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/manual_clock.h"
#include "support/untimed_pool.h"

namespace scidex::queries {

// Answers each statement with one row that contains 1, or with the reading that the test sets.
class FakeReader final : public RowReader {
 public:
  Reading Read(pool::Connection&, const std::string& sql, base::TimePoint deadline,
               const std::stop_token& stop, RowSink& sink) override {
    base::MutexLock lock(mutex_);
    deadlines_.push_back(deadline);
    ++reading_;
    changed_.NotifyAll();
    while (blocked_ == sql && !stop.stop_requested()) {
      base::RealClock().WaitUntil(changed_, mutex_,
                                  base::Add(base::RealClock().Now(), std::chrono::milliseconds(5)));
    }
    --reading_;
    if (stop.stop_requested()) return {Reading::Result::kTimeout, {"stopped", ""}, false};
    const Reading reading = reading_result_;
    if (reading.result != Reading::Result::kWhole) return reading;
    const RowSink::Column column{"n"};
    const std::optional<std::string_view> value = "1";
    if (sink.OnColumns({&column, 1})) sink.OnRow({&value, 1});
    return reading;
  }
  void Answer(Reading reading) {
    base::MutexLock lock(mutex_);
    reading_result_ = std::move(reading);
  }
  void Block(const std::string& sql) {
    base::MutexLock lock(mutex_);
    blocked_ = sql;
    changed_.NotifyAll();
  }
  bool AwaitReading(std::size_t count) {
    return test::Eventually(test::kPatience, [&] {
      base::MutexLock lock(mutex_);
      return reading_ == count;
    });
  }
  std::vector<base::TimePoint> deadlines() {
    base::MutexLock lock(mutex_);
    return deadlines_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  Reading reading_result_ SCIDEX_GUARDED_BY(mutex_){Reading::Result::kWhole, {}, true};
  std::string blocked_ SCIDEX_GUARDED_BY(mutex_) = "nothing";
  std::size_t reading_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::vector<base::TimePoint> deadlines_ SCIDEX_GUARDED_BY(mutex_);
};

inline QueryOptions NamedQuery(const std::string& name) {
  QueryOptions query;
  query.name = query.sql = name;
  query.interval = std::chrono::seconds(10);
  query.timeout = std::chrono::seconds(2);
  query.values = {{"n", name + "_n", ValueType::kGauge, "A number."}};
  return query;
}

class QueryRunnerTest : public testing::Test {
 protected:
  void Start(const std::vector<QueryOptions>& queries) {
    runner_.emplace(
        queries,
        [this](const QueryOptions& options, base::TimePoint deadline, const std::stop_token& stop) {
          if (options.from == QueryFrom::kPrimary || without_pool_)
            throw pool::AcquireError("there is no pool", {});
          return pool_.Acquire({deadline, stop});
        },
        reader_, scheduler_, 7);
  }
  // The number of ended runs of one query.
  std::uint64_t Runs(std::size_t query = 0) { return runner_->Stats().at(query).runs; }
  bool AwaitRuns(std::uint64_t runs, std::size_t query = 0) {
    return test::Eventually(test::kPatience, [&] { return Runs(query) == runs; });
  }
  // Waits until each query has run once.
  void AwaitFirstRuns() {
    clock_.Advance(std::chrono::seconds(5));
    for (std::size_t i = 0; i < runner_->Stats().size(); ++i) ASSERT_TRUE(AwaitRuns(1, i));
  }
  void RunOnceMore() {
    const std::uint64_t before = Runs();
    clock_.Advance(std::chrono::seconds(10));
    ASSERT_TRUE(AwaitRuns(before + 1));
  }
  // Expects that the only query runs again after exactly this delay.
  void ExpectNextRunAfter(std::chrono::seconds delay) {
    const std::uint64_t before = Runs();
    clock_.Advance(delay - std::chrono::seconds(1));
    ASSERT_TRUE(clock_.AwaitSleepers(1, std::chrono::seconds(1))) << delay.count();
    EXPECT_EQ(Runs(), before) << delay.count();
    clock_.Advance(std::chrono::seconds(1));
    ASSERT_TRUE(AwaitRuns(before + 1)) << delay.count();
  }
  QueryStats Stats(std::size_t query = 0) { return runner_->Stats().at(query); }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  // A separate clock, so that a test knows which threads wait on it.
  base::Scheduler pool_scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  pool::Pool pool_{"ro", test::UntimedPool(2), {connector_, pool_scheduler_, clock_}};
  FakeReader reader_;
  std::atomic<bool> without_pool_{false};
  std::optional<QueryRunner> runner_;
};

}  // namespace scidex::queries
