// The pool layer as a service embeds it: servers, their pools and the router between them.
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
// held side by side: they come from different pools.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
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

// Thread safe.
class Database {
 public:
  // Starts pools and probes, and returns without waiting for a server. Throws postgres::DsnError
  // and std::invalid_argument, naming the role and the option. Databases of one process share a
  // runtime; a lease may outlive both.
  explicit Database(const DatabaseOptions& options,
                    std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>());
  // Ends probes, fails waiters, closes connections.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // As routing::Router. The lease is of a postgres::Session.
  pool::Lease AcquireRead(const pool::AcquireOptions& options = {},
                          const base::CallSite& borrower = base::CallSite::current()) {
    return router_->AcquireRead(options, borrower);
  }
  pool::Lease AcquireWrite(const pool::AcquireOptions& options = {},
                           const base::CallSite& borrower = base::CallSite::current()) {
    return router_->AcquireWrite(options, borrower);
  }

  // A transaction that ends by itself, and the session with it, after `timeout`.
  postgres::ReadTransaction BeginRead(const pool::Lease& lease, base::Duration timeout) {
    return {lease, runtime_->scheduler.timer(), base::Add(base::RealClock().Now(), timeout)};
  }
  postgres::WriteTransaction BeginWrite(const pool::Lease& lease, base::Duration timeout) {
    return {lease, runtime_->scheduler.timer(), base::Add(base::RealClock().Now(), timeout)};
  }

  // Goes on with these options: what they do not change stays as it is. A pool whose server or
  // options change is replaced by a new one: leases of the old pool stay valid until their release,
  // its waiters move to the new pool, counters go on, and so does what the autoscaler had let it
  // have. A replica that is another is judged anew.
  // Throws as the constructor, and std::invalid_argument for another connects_per_server; then
  // nothing has changed: everything that can fail comes first.
  void Reconfigure(const DatabaseOptions& options);

  // One snapshot of every pool and of the route; and with what probes and queries found.
  routing::PoolsStats pool_stats() const { return router_->pool_stats(); }
  DatabaseStats stats() const;

  // Runs one query once, with a connection that is acquired as the schedule would, within
  // `acquire_within`.
  queries::QueryTrial Try(const queries::QueryOptions& query, base::Duration acquire_within);

  // `call` is called, on any thread, when a server refuses a login; it must not block. Empty for no
  // call; then, when this returns, the one before is not under way any more.
  void SetOnAuthFailed(std::function<void()> call);

  // One line a pool in the log at each interval. Idempotent: true for the call that started it.
  bool start_pool_logger();

 private:
  // What the options ask for.
  struct Wanted;
  using Servers = base::EnumArray<ServerRole, std::shared_ptr<Server>>;
  // A pool and what looks after it; null where there is no such pool.
  struct PoolUnit {
    std::shared_ptr<pool::Pool> pool;
    // Of a pool whose sessions are read-only.
    std::shared_ptr<control::Canary> canary;
  };
  using PoolUnits = base::EnumArray<routing::PoolRole, PoolUnit>;
  // What there is at a time.
  struct Parts {
    Servers servers;
    PoolUnits units;
  };
  // For each pool, whether it is on the server that the one before it was on.
  using SameServers = base::EnumArray<routing::PoolRole, bool>;
  // What a change of the options needs, made before anything is changed.
  struct Change;

  static Wanted WantedOf(const DatabaseOptions& options);
  static routing::Router::Pools PoolsOf(const PoolUnits& units);
  static std::shared_ptr<const Server::Pools> PoolsOn(ServerRole server, const PoolUnits& units);
  static routing::RoutingOptions RoutingOf(const DatabaseOptions& options);
  static std::vector<queries::QueryOptions> Scheduled(const DatabaseOptions& options);

  pool::Lease AcquireForQuery(const queries::QueryOptions& query, base::TimePoint deadline,
                              const std::stop_token& stop);

  std::shared_ptr<Server> MakeServer(ServerRole role, const Wanted& wanted, const Server* before)
      SCIDEX_REQUIRES(changing_);
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
  void KeepCountsOfGone(const Change& change) noexcept;
  void StartNew(const Change& change) noexcept;
  void ChangeBackoffs(const Change& change) noexcept;

  void OnAuthFailed() noexcept;
  void OnReplicaVerdict(routing::Reason verdict, base::TimePoint probed_at);
  void OnRouteChange(const PoolUnits& before, const routing::RouteChange& change) noexcept;
  void OnPrimaryAnswer(const routing::ServerFacts& facts);
  void OnProbe(ServerRole role, const control::ProbeResult& result);
  void Stop();
  Parts PartsNow() const;
  std::shared_ptr<control::Autoscaler> AutoscalerNow() const;

  // First: everything below runs on it.
  const std::shared_ptr<Runtime> runtime_;
  // Held for the length of a call.
  base::Mutex calling_;
  std::function<void()> on_auth_failed_ SCIDEX_GUARDED_BY(calling_);
  postgres::CanaryWriter canary_writer_;
  postgres::RowStream rows_;
  std::unique_ptr<routing::Router> router_;
  std::unique_ptr<control::ReplicaWatch> replica_watch_;
  // By the primary's last answer. Used by runs of its probe alone.
  bool primary_in_recovery_ = false;

  // Held from the first to the last step of a change of the options; not by what reads.
  base::Mutex changing_;
  DatabaseOptions options_ SCIDEX_GUARDED_BY(changing_);
  // By DSN.
  std::map<std::string, std::shared_ptr<pool::ConnectGate>> gates_ SCIDEX_GUARDED_BY(changing_);

  mutable base::Mutex mutex_;
  Parts parts_ SCIDEX_GUARDED_BY(mutex_);
  // What the probe of a pool that is gone had counted, until there is such a pool again.
  base::EnumArray<routing::PoolRole, control::ProbeStats> gone_probes_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::Autoscaler> autoscaler_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::PoolLogger> pool_logger_ SCIDEX_GUARDED_BY(mutex_);
  bool logging_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Last: it uses the router.
  std::unique_ptr<queries::QueryRunner> queries_;
};

}  // namespace scidex::database
