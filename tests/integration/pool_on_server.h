// One pool of sessions on a real server, without probes, routes or other pools.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/scheduler.h"
#include "integration/servers.h"
#include "pool/pool.h"
#include "postgres/session_connector.h"
#include "support/eager.h"
#include "support/postgres_cluster.h"

namespace scidex::test {

using namespace std::chrono_literals;

// Real time, which a test can move forwards. Waits do not end at a deadline that comes later: a
// pool runs its housekeeping once, at the start.
class Unalarmed final : public base::Clock {
 public:
  base::TimePoint Now() const override { return base::RealClock().Now() + ahead_.load(); }
  base::WallTime WallNow() const override { return base::RealClock().WallNow() + ahead_.load(); }
  bool WaitUntil(base::CondVar& cond, base::Mutex& mutex, base::TimePoint deadline) override
      SCIDEX_REQUIRES(mutex) {
    if (deadline <= Now()) return false;
    cond.Wait(mutex);
    return true;
  }
  void Advance(std::chrono::milliseconds by) { ahead_ = ahead_.load() + by; }

 private:
  std::atomic<std::chrono::milliseconds> ahead_{0ms};
};

// Sessions that have been idle for that long are checked without the watch of their sockets, which
// may be late.
inline constexpr auto kIdle = 10ms;

// By default a pool of one session, so that the next borrower gets the same session.
class PoolOnServer : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  PoolOnServer() {
    options_.min_idle = 0;
    options_.max_size = 1;
    options_.acquire_timeout = kPatience;
    options_.connect_timeout = kPatience;
    options_.reset_timeout = kPatience;
  }

  pool::Pool& Open() { return OpenOn(scheduler_); }
  // On the clock unalarmed_.
  pool::Pool& OpenUnalarmed() { return OpenOn(unalarmed_scheduler_); }
  pool::Pool& OpenOn(base::Scheduler& scheduler) {
    const auto connector = std::make_shared<postgres::SessionConnector>(
        "test", session_, std::make_shared<postgres::Resolver>(), hangups_);
    pool_ = std::make_unique<pool::Pool>(
        "test", options_, pool::Pool::Dependencies{connector, scheduler, scheduler.clock()});
    return *pool_;
  }
  std::vector<pool::Lease> AcquireMany(std::size_t count) {
    std::vector<pool::Lease> leases;
    for (std::size_t i = 0; i < count; ++i) leases.push_back(pool_->Acquire());
    return leases;
  }

  std::uint64_t Evictions(pool::EvictReason reason) const {
    return pool_->Stats().evictions[reason];
  }
  std::uint64_t Connects(pool::ConnectOutcome outcome) const {
    return pool_->Stats().connects[outcome];
  }

  static int Pid(const pool::Lease& lease) {
    return PQbackendPID(postgres::Session::Of(lease).raw());
  }
  // Opens a read-only pool, and returns the process of its only session, for which the next acquire
  // needs a round trip.
  int OpenForARoundTrip() {
    session_.read_only = true;
    Open();
    const pool::Lease lease = pool_->Acquire();
    QueryOne(lease, "SET default_transaction_read_only = off");
    return Pid(lease);
  }
  // The process of the next lease, which must be a clean session that works.
  int NextPid() {
    const pool::Lease lease = pool_->Acquire();
    EXPECT_EQ(PQtransactionStatus(postgres::Session::Of(lease).raw()), PQTRANS_IDLE);
    EXPECT_EQ(QueryOne(lease, "SELECT 'works'"), "works");
    return Pid(lease);
  }
  // Returns when the backend has exited.
  static void Terminate(int pid) {
    ASSERT_EQ(server_->QueryOne("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 180000)"),
              "t");
  }
  static bool AwaitNoSession() {
    return Eventually(kPatience, [] {
      return server_->QueryOne("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") ==
             "0";
    });
  }

  inline static std::unique_ptr<PostgresServer> server_;
  pool::PoolOptions options_;
  postgres::SessionOptions session_ = SessionOn(*server_);
  base::Scheduler scheduler_{base::RealClock()};
  Unalarmed unalarmed_;
  base::Scheduler unalarmed_scheduler_{unalarmed_, kEager};
  const std::shared_ptr<base::HangupWatch> hangups_ = std::make_shared<base::HangupWatch>();
  std::unique_ptr<pool::Pool> pool_;
};

// A suspended backend: it accepts data and does not respond until this is destroyed.
class Stalled {
 public:
  explicit Stalled(int pid) : pid_(pid) { kill(pid_, SIGSTOP); }
  ~Stalled() { kill(pid_, SIGCONT); }
  Stalled(const Stalled&) = delete;
  Stalled& operator=(const Stalled&) = delete;

 private:
  const int pid_;
};

}  // namespace scidex::test
