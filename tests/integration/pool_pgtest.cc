// Events of a real server that a pool must survive: terminated sessions, changed passwords,
// outages.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <pqxx/pqxx>
#include <stop_token>
#include <string>
#include <vector>

#include "integration/pool_on_server.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using pool::ConnectOutcome;
using pool::EvictReason;

using PoolSession = PoolOnServer;

TEST_F(PoolSession, IdleOneTerminatedByTheServerIsNeverLent) {
  OpenUnalarmed();
  for (std::uint64_t killed = 1; killed <= 3; ++killed) {
    Terminate(NextPid());
    unalarmed_.Advance(kIdle);
    // Fails if it gets the one that was killed.
    NextPid();
    EXPECT_EQ(Evictions(EvictReason::kDead), killed);
  }
}

TEST_F(PoolSession, IdleOneTerminatedByTheServerIsClosedWithoutAnAcquire) {
  OpenUnalarmed();
  Terminate(NextPid());
  EXPECT_TRUE(Eventually(kPatience, [&] { return Evictions(EvictReason::kDead) == 1; }));
}

TEST_F(PoolSession, FirstAcquireFindsAllEightStaleIdleSessions) {
  options_.max_size = 8;
  OpenUnalarmed();
  AcquireMany(8).clear();
  ASSERT_EQ(server_->QueryOne("SELECT count(pg_terminate_backend(pid, 180000)) FROM "
                              "pg_stat_activity WHERE usename = 'app'"),
            "8");
  unalarmed_.Advance(kIdle);
  // A client without time for a retry.
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = unalarmed_.Now() - 1s})),
               pool::AcquireTimeout);
  EXPECT_EQ(Evictions(EvictReason::kDead), 8U);
  NextPid();
  EXPECT_EQ(Connects(ConnectOutcome::kOk), 9U);
}

TEST_F(PoolSession, ReleasedInATransactionItIsRolledBackAndReused) {
  server_->Execute("CREATE TABLE kept (a int); ALTER TABLE kept OWNER TO app");
  Open();
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    QueryOne(lease, "BEGIN");
    QueryOne(lease, "INSERT INTO kept VALUES (1)");
  }
  EXPECT_EQ(NextPid(), pid);
  EXPECT_EQ(server_->QueryOne("SELECT count(*) FROM kept"), "0");
}

TEST_F(PoolSession, ReleasedInAFailedTransactionItIsRolledBackAndReused) {
  Open();
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    QueryOne(lease, "BEGIN");
    ASSERT_EQ(QueryOne(lease, "SELECT 1 / 0"), "22012");
    ASSERT_EQ(QueryOne(lease, "SELECT 1"), "25P02");
  }
  EXPECT_EQ(NextPid(), pid);
}

// The server forgets them with DISCARD ALL; libpqxx 6 used to remember them.
TEST_F(PoolSession, DiscardedOneLetsItsNextBorrowerPrepareStatements) {
  session_.reset = postgres::SessionReset::kDiscardAll;
  Open();
  const auto prepared = [](const pool::Lease& lease, const char* sql) {
    postgres::PqxxConnection& connection = postgres::Session::Of(lease).pqxx();
    connection.prepare("same_name", sql);
    pqxx::work work(connection);
#if PQXX_VERSION_MAJOR == 6
    const pqxx::result result = work.exec_prepared("same_name");
#else
    const pqxx::result result = work.exec(pqxx::prepped("same_name"));
#endif
    return result[0][0].as<int>();
  };
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    EXPECT_EQ(prepared(lease, "SELECT 1"), 1);
  }
  {
    const pool::Lease lease = pool_->Acquire();
    EXPECT_EQ(Pid(lease), pid);
    EXPECT_EQ(prepared(lease, "SELECT 1"), 1);
  }
  const pool::Lease lease = pool_->Acquire();
  EXPECT_EQ(Pid(lease), pid);
  EXPECT_EQ(prepared(lease, "SELECT 2"), 2);
}

TEST_F(PoolSession, DiscardedOneHasNoNotificationsOfItsLastBorrower) {
  session_.reset = postgres::SessionReset::kDiscardAll;
  Open();
  const auto receive = [this](const char* sql) {
    const pool::Lease lease = pool_->Acquire();
    PGconn* const connection = postgres::Session::Of(lease).raw();
    const postgres::PgResultPtr result(PQexec(connection, sql));
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> received(PQnotifies(connection),
                                                                   &PQfreemem);
    return std::pair(Pid(lease), received != nullptr);
  };
  const int pid = Pid(pool_->Acquire());
  // Reads only the first of them.
  EXPECT_EQ(receive("LISTEN c; NOTIFY c, 'first'; NOTIFY c, 'second'"), std::pair(pid, true));
  EXPECT_EQ(receive("SELECT 1"), std::pair(pid, false));
}

TEST_F(PoolSession, ReleasedWhileAQueryOrACopyIsUnderWayItIsClosed) {
  Open();
  for (const char* sql : {"SELECT 1", "COPY (SELECT 1) TO STDOUT"}) {
    int pid = 0;
    {
      const pool::Lease lease = pool_->Acquire();
      pid = Pid(lease);
      ASSERT_EQ(PQsendQuery(postgres::Session::Of(lease).raw(), sql), 1);
    }
    EXPECT_NE(NextPid(), pid) << sql;
  }
  EXPECT_EQ(Evictions(EvictReason::kResetFailed), 2U);
}

TEST_F(PoolSession, SessionThatDiesWhileItIsLentIsDead) {
  Open();
  {
    const pool::Lease lease = pool_->Acquire();
    QueryOne(lease, "BEGIN");
    Terminate(Pid(lease));
  }
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
  EXPECT_EQ(pool_->Stats().size, 0U);
  NextPid();
}

TEST_F(PoolSession, ErrorAboutAnotherConnectionCostsNoSession) {
  Open();
  const int pid = NextPid();
  // Like the error of dblink or of a foreign table whose server is down.
  for (const std::string what :
       {"EXCEPTION 'away' USING ERRCODE = '08001'", "EXCEPTION 'away' USING ERRCODE = '08006'",
        "WARNING 'away' USING ERRCODE = '08006'"}) {
    {
      const pool::Lease lease = pool_->Acquire();
      postgres::Session::Of(lease).Query(("DO $$ BEGIN RAISE " + what + "; END $$").c_str(),
                                         base::RealClock().Now() + kPatience);
    }
    EXPECT_EQ(NextPid(), pid) << what;
  }
}

TEST_F(PoolSession, UnansweredRollbackEndsAtResetTimeout) {
  options_.reset_timeout = 200ms;
  Open();
  pool::Lease lease = pool_->Acquire();
  QueryOne(lease, "BEGIN");
  const Stalled stalled(Pid(lease));
  const auto before = std::chrono::steady_clock::now();
  lease.Release();
  EXPECT_GE(std::chrono::steady_clock::now() - before, 200ms);
  EXPECT_EQ(Evictions(EvictReason::kResetFailed), 1U);
}

TEST_F(PoolSession, UnansweredCheckEndsAtTheAcquireDeadlineWithoutABusyLoop) {
  const Stalled stalled(OpenForARoundTrip());
  const auto processor_time = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  const auto busy_before = processor_time();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 300ms})),
               pool::AcquireTimeout);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 300ms);
  EXPECT_LT(processor_time() - busy_before, 150ms);
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
}

TEST_F(PoolSession, UnansweredCheckEndsAtOnceWhenTheAcquireIsStopped) {
  const Stalled stalled(OpenForARoundTrip());
  std::stop_source stop;
  auto acquire = std::async(std::launch::async, [&] {
    return pool_->Acquire({{}, stop.get_token()}).Forward();
  });
  ASSERT_TRUE(Eventually(kPatience, [&] { return pool_->Stats().in_use == 1; }));
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(acquire.get()), pool::AcquireCancelled);
  EXPECT_EQ(Evictions(EvictReason::kDead), 0U);
}

// The role of a pool whose password is in a file.
class PoolPassword : public PoolOnServer {
 protected:
  static void SetUpTestSuite() {
    PoolOnServer::SetUpTestSuite();
    server_->Execute("CREATE ROLE rotating LOGIN PASSWORD 'first'");
  }
  PoolPassword() {
    session_.dsn = base::Secret("host=127.0.0.1 dbname=app user=rotating port=" +
                                std::to_string(server_->port()));
    session_.password_file = dir_.path() / "password";
    // Long enough that only OnServerAnswered() can start the next attempt.
    options_.backoff = {.initial = 10000h, .cap = 10000h};
  }
  void TearDown() override { server_->Execute("ALTER ROLE rotating PASSWORD 'first'"); }

  bool AwaitFailure(ConnectOutcome outcome) {
    return Eventually(kPatience, [&] { return Connects(outcome) == 1; });
  }

  const TempDir dir_;
};

TEST_F(PoolPassword, IsReadAgainAfterAFailureToAuthenticate) {
  dir_.Write("password", "first\n");
  Open();
  pool_->Acquire().Evict();
  server_->Execute("ALTER ROLE rotating PASSWORD 'second'");
  auto client = std::async(std::launch::async, [this] { return NextPid(); });
  ASSERT_TRUE(AwaitFailure(ConnectOutcome::kAuthFailed));
  dir_.Write("password", "second\n");
  pool_->OnServerAnswered();
  EXPECT_GT(client.get(), 0);
}

TEST_F(PoolPassword, InAMissingFileIsNotPolledAndIsReadOnceItExists) {
  Open();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 5ms})),
                 pool::AcquireTimeout);
  }
  ASSERT_TRUE(AwaitFailure(ConnectOutcome::kConnectFailed));
  EXPECT_NE(pool_->Stats().last_connect_message.find("the password file: cannot be read"),
            std::string::npos);
  dir_.Write("password", "first");
  pool_->OnServerAnswered();
  NextPid();
  EXPECT_EQ(Connects(ConnectOutcome::kConnectFailed), 1U);
}

class PoolOutage : public PoolOnServer {
 protected:
  PoolOutage() {
    options_.min_idle = 2;
    options_.max_size = 2;
    options_.backoff = {.initial = 50ms, .cap = 500ms};
    options_.connect_timeout = 1s;
  }
  bool AwaitIdle() {
    return Eventually(kPatience, [this] { return pool_->Stats().idle == 2; });
  }
  bool AwaitFailures(ConnectOutcome outcome) {
    return Eventually(kPatience, [&] { return Connects(outcome) >= 3; });
  }
  // `comes_back` returns when the server accepts connections.
  template <typename Action>
  void ExpectRecovery(Action comes_back) {
    comes_back();
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(AwaitIdle());
    // Ten times the bound, for a busy machine.
    EXPECT_LT(std::chrono::steady_clock::now() - before,
              10 * (options_.backoff.cap + options_.connect_timeout));
    NextPid();
  }
};

TEST_F(PoolOutage, OfAStoppedServerEndsWithinTheCapPlusOneConnectTimeout) {
  Open();
  ASSERT_TRUE(AwaitIdle());
  server_->Stop();
  ASSERT_TRUE(AwaitFailures(ConnectOutcome::kConnectRefused));
  ExpectRecovery([] { server_->Start(); });
}

TEST_F(PoolOutage, OfAHungServerEndsWithinTheCapPlusOneConnectTimeout) {
  server_->Suspend();
  Open();
  ASSERT_TRUE(AwaitFailures(ConnectOutcome::kConnectTimeout));
  ExpectRecovery([] { server_->Resume(); });
}

std::size_t CountThreads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::size_t CountSockets() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.starts_with("socket:")) ++count;
  }
  return count;
}

using PoolEnd = PoolOnServer;

TEST_F(PoolEnd, CloseLeavesNoThreadNoSocketAndNoBackend) {
  const std::size_t threads = CountThreads();
  const std::size_t sockets = CountSockets();
  options_.min_idle = 4;
  options_.max_size = 4;
  Open();
  pool_->AwaitReady(base::RealClock().Now() + kPatience);
  pool::Lease out = pool_->Acquire();
  // libpq's, and the duplicate through which it is shut down.
  EXPECT_EQ(CountSockets(), sockets + 8);
  pool_->Close();
  // The kernel shows a thread for a moment after it was joined.
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountThreads() == threads; }));
  EXPECT_EQ(CountSockets(), sockets + 2);
  out.Release();
  EXPECT_EQ(CountSockets(), sockets);
  EXPECT_TRUE(AwaitNoSession());
}

TEST_F(PoolEnd, CloseDuringStartupLeavesNothingBehind) {
  options_.min_idle = 4;
  options_.max_size = 4;
  for (int i = 0; i < 10; ++i) {
    const std::size_t sockets = CountSockets();
    Open().Close();
    EXPECT_EQ(CountSockets(), sockets);
  }
  EXPECT_TRUE(AwaitNoSession());
}

TEST_F(PoolEnd, AChildOfForkSendsNothingOnItsParentsSockets) {
  options_.max_size = 2;
  Open();
  AcquireMany(2).clear();
  pool::Lease lease = pool_->Acquire();
  QueryOne(lease, "BEGIN");
  const std::string transaction = QueryOne(lease, "SELECT txid_current()");
  const pid_t child = fork();
  if (child == 0) {
    alarm(180);
    // Each of these would end a transaction or a session of the parent.
    lease.Release();
    pool_->Drain();
    pool_.reset();
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(QueryOne(lease, "SELECT txid_current()"), transaction);
  NextPid();
  EXPECT_EQ(pool_->Stats().size, 2U);
}

}  // namespace
}  // namespace scidex::test
