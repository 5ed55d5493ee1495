// The pool layer for embedding in a service: servers, their pools and the router between them.
//
//   Database database(options);
//   database.start_pool_logger();
//   {
//     pool::Lease lease = database.AcquireRead();  // what get_db_ro() promised
//     postgres::ReadTransaction read = database.BeginRead(lease, 2s);
//     const pqxx::result rows = read->exec("SELECT …");
//   }
//   {
//     pool::Lease lease = database.AcquireWrite();  // get_db()
//     postgres::WriteTransaction write = database.BeginWrite(lease, 2s);
//     write->exec("INSERT …");
//     write.Commit();
//   }
//
// AcquireRead and AcquireWrite throw a pool::AcquireError. A read lease and a write lease can be
// held at the same time, because they come from different pools.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "control/autoscaler.h"
#include "control/canary.h"
#include "control/pool_logger.h"
#include "control/probe_stats.h"
#include "control/replica_watch.h"
#include "database/options.h"
#include "database/runtime.h"
#include "database/server.h"
#include "database/stats.h"
#include "pool/pool.h"
#include "postgres/canary.h"
#include "postgres/row_stream.h"
#include "postgres/transaction.h"
#include "queries/query_runner.h"
#include "queries/query_trial.h"
#include "routing/router.h"

namespace scidex::database {

// Thread-safe.
class Database {
 public:
  // Starts pools and probes, and returns without waiting for a server. Throws postgres::DsnError or
  // std::invalid_argument, naming the role and the option. Databases of one process should share a
  // runtime. Leases and their transactions may outlive the database; a transaction keeps the
  // runtime.
  explicit Database(const DatabaseOptions& options,
                    std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>());
  // Stops probes, fails waiters and closes connections. In a child of fork(), touches nothing of
  // the parent's.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // See routing::Router. The lease's connection is a postgres::Session.
  pool::Lease AcquireRead(const pool::AcquireOptions& options = {},
                          const base::CallSite& borrower = base::CallSite::current()) {
    return router_->AcquireRead(options, borrower);
  }
  pool::Lease AcquireWrite(const pool::AcquireOptions& options = {},
                           const base::CallSite& borrower = base::CallSite::current()) {
    return router_->AcquireWrite(options, borrower);
  }

  // Begins a transaction on a session of this database. When `timeout` has passed, the session is
  // shut down, and its calls throw pqxx::broken_connection. `lease` must outlive the transaction.
  // Throws pqxx::failure, and BeginRead() postgres::TransactionTimeout, which is one.
  postgres::ReadTransaction BeginRead(const pool::Lease& lease, base::Duration timeout) {
    return {lease, SharedTimer(), base::Add(base::RealClock().Now(), timeout)};
  }
  postgres::WriteTransaction BeginWrite(const pool::Lease& lease, base::Duration timeout) {
    return {lease, SharedTimer(), base::Add(base::RealClock().Now(), timeout)};
  }

  // Changes the options; whatever they do not change stays as it is. A pool whose server or options
  // change is replaced: leases of the old pool remain valid until released, its waiters move to the
  // new pool, and its counters and the target set by the autoscaler carry over. A replica with
  // another DSN is judged as at startup.
  //
  // Throws like the constructor, and std::invalid_argument if connects_per_server changes. If it
  // throws, nothing has changed: everything that can fail comes first.
  void Reconfigure(const DatabaseOptions& options);

  // One snapshot of every pool and of the route; stats() adds the results of probes and queries.
  // Neither waits for a server.
  routing::PoolsStats pool_stats() const { return router_->pool_stats(); }
  DatabaseStats stats() const;

  // Runs one query once, on a connection acquired as the schedule would, within `acquire_within`.
  queries::QueryTrial TryQuery(const queries::QueryOptions& query, base::Duration acquire_within);

  // Sets the function that is called, on any thread, when a server refuses a login; empty for none.
  // It must not block, nor call this function or Reconfigure(). When this returns, no call of the
  // previous function is in progress.
  void SetOnAuthFailed(std::function<void()> call);

  // Logs one line per pool at each interval. Idempotent: returns true for the call that started it.
  bool start_pool_logger();

 private:
  // The servers and pools that the options require.
  struct Required;
  using Servers = base::EnumArray<ServerRole, std::shared_ptr<Server>>;
  // A pool and its canary; null if there is no such pool.
  struct PoolUnit {
    std::shared_ptr<pool::Pool> pool;
    // Null for a pool that may write.
    std::shared_ptr<control::Canary> canary;
  };
  using PoolUnits = base::EnumArray<routing::PoolRole, PoolUnit>;
  // The servers and pools at one time.
  struct Parts {
    Servers servers;
    PoolUnits units;
  };
  // For each pool, whether it is on the same server as its predecessor.
  using SameServers = base::EnumArray<routing::PoolRole, bool>;
  // Everything that a change of the options needs, created before anything changes.
  struct Change;

  static Required RequiredParts(const DatabaseOptions& options);
  static routing::Router::Pools PoolsOf(const PoolUnits& units);
  static std::shared_ptr<const Server::Pools> PoolsOn(ServerRole server, const PoolUnits& units);
  static routing::RoutingOptions RoutingOf(const DatabaseOptions& options);
  static std::vector<queries::QueryOptions> Scheduled(const DatabaseOptions& options);

  // Keeps the runtime.
  std::shared_ptr<base::Timer> SharedTimer() const {
    return {runtime_, &runtime_->scheduler.timer()};
  }
  pool::Lease AcquireForQuery(const queries::QueryOptions& query, base::TimePoint deadline,
                              const std::stop_token& stop);

  std::shared_ptr<Server> MakeServer(ServerRole role, const Required& required,
                                     const Server* before) SCIDEX_REQUIRES(changing_);
  std::shared_ptr<Server::Probing> MakeProbing(ServerRole role, Server& server,
                                               const DatabaseOptions& options,
                                               const PoolUnits& units);
  std::shared_ptr<control::Canary> MakeCanary(routing::PoolRole role,
                                              const control::ProbeOptions& options,
                                              pool::Pool& pool);
  std::shared_ptr<control::Autoscaler> MakeAutoscaler(const control::AutoscalerOptions& options,
                                                      const Parts& before, const Parts& next,
                                                      const SameServers& same_server);
  std::shared_ptr<control::PoolLogger> MakePoolLogger(const control::PoolLoggerOptions& options);

  // Reconfigure(), in reconfigure.cc.
  Change Prepare(const DatabaseOptions& options) SCIDEX_REQUIRES(changing_);
  void PreparePools(Change& change) SCIDEX_REQUIRES(changing_);
  void Apply(Change& change) noexcept SCIDEX_REQUIRES(changing_);
  void StopOld(const Change& change) noexcept;
  void ReplaceProbing(ServerRole role, Change& change) noexcept;
  void RetainCountersOfRemoved(const Change& change) noexcept;
  void StartNew(const Change& change) noexcept;
  void ChangeBackoffs(const Change& change) noexcept;

  void OnAuthFailed() noexcept;
  void OnReplicaVerdict(routing::Reason verdict, base::TimePoint probed_at);
  void OnRouteChange(const PoolUnits& before, const routing::RouteChange& change) noexcept;
  void OnPrimaryAnswer(const routing::ServerFacts& facts);
  // Logs whether the primary refuses writes by setting, if that has changed. Returns whether it has
  // just ceased to.
  bool AcceptsWritesAgain(const routing::ServerFacts& facts);
  void OnProbe(ServerRole role, const control::ProbeResult& result);
  void Stop();
  Parts PartsNow() const;
  std::shared_ptr<control::Autoscaler> AutoscalerNow() const;

  // First: all other members run on it.
  const std::shared_ptr<Runtime> runtime_;
  const base::ForkCheck fork_check_;
  // Held while on_auth_failed_ is called.
  base::Mutex calling_;
  std::function<void()> on_auth_failed_ SCIDEX_GUARDED_BY(calling_);
  postgres::CanaryWriter canary_writer_;
  postgres::RowStream rows_;
  std::unique_ptr<routing::Router> router_;
  std::unique_ptr<control::ReplicaWatch> replica_watch_;
  // By the primary's last answer. Used only by its probe, or while that is stopped.
  bool primary_in_recovery_ = false;
  bool primary_read_only_ = false;

  // Held during a whole change of the options. Readers do not take it.
  base::Mutex changing_;
  DatabaseOptions options_ SCIDEX_GUARDED_BY(changing_);
  // By DSN.
  std::map<std::string, std::shared_ptr<pool::ConnectGate>> gates_ SCIDEX_GUARDED_BY(changing_);

  mutable base::Mutex mutex_;
  Parts parts_ SCIDEX_GUARDED_BY(mutex_);
  // Counters of the probes of removed pools, until there is such a pool again.
  base::EnumArray<routing::PoolRole, control::ProbeStats> removed_probes_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::Autoscaler> autoscaler_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::PoolLogger> pool_logger_ SCIDEX_GUARDED_BY(mutex_);
  bool logging_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Last: it uses the router.
  std::unique_ptr<queries::QueryRunner> queries_;
};

}  // namespace scidex::database
