// The pool layer as a service embeds it: three pools, their probes and the router between them.
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

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/postgres_inspector.h"
#include "app/postgres_rows.h"
#include "app/runtime.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "control/autoscaler.h"
#include "control/canary.h"
#include "control/options.h"
#include "control/pool_logger.h"
#include "control/probe_stats.h"
#include "control/query_runner.h"
#include "control/query_trial.h"
#include "control/replica_watch.h"
#include "control/server_events.h"
#include "pool/options.h"
#include "pool/pool.h"
#include "postgres/options.h"
#include "postgres/server_facts.h"
#include "postgres/session_connector.h"
#include "postgres/transaction.h"
#include "routing/options.h"
#include "routing/router.h"
#include "routing/stats.h"

namespace scidex::app {

struct DatabaseOptions {
  // The servers; an empty DSN is libpq's defaults, no value is no such server. read_only is set for
  // each pool here.
  std::optional<postgres::SessionOptions> primary = postgres::SessionOptions{};
  std::optional<postgres::SessionOptions> replica;
  pool::PoolOptions primary_pool;
  pool::PoolOptions ro_pool;
  pool::PoolOptions ro_fallthrough_pool;
  routing::RoutingOptions routing;
  control::ProbeOptions probe;
  control::PoolLoggerOptions pool_logger;
  control::AutoscalerOptions autoscaler;
  // One from the primary has a pool ro_fallthrough made, also where no read may fall through.
  std::vector<control::QueryOptions> queries;
  // Otherwise they run where Try() is called alone.
  bool schedule_queries = true;
  // Connects under way at once to one server. Of the constructor's options alone.
  std::size_t connects_per_server = 4;
};

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
  // options change is replaced by a new one: what it has lent stays out until its release, who
  // waits in it moves to the new one, and counters go on, as does what the autoscaler had let it
  // have. A replica that is another is judged anew.
  // Throws as the constructor, and std::invalid_argument for another connects_per_server; then
  // nothing has changed: everything that can fail comes first.
  void Reconfigure(const DatabaseOptions& options);

  // One snapshot of every pool and of the route.
  routing::PoolsStats pool_stats() const { return router_->pool_stats(); }
  control::ControlStats control_stats() const;

  // Runs one query once, with a connection that is acquired as the schedule would, within
  // `acquire_within`.
  control::QueryTrial Try(const control::QueryOptions& query, base::Duration acquire_within);

  // `call` is called, on any thread, when a server refuses a login; it must not block. Empty for no
  // call; then, when this returns, the one before is not under way any more.
  void SetOnAuthFailed(std::function<void()> call);

  // One line a pool in the log at each interval. Idempotent: true for the call that started it.
  bool start_pool_logger();

 private:
  // What is asked for of one pool.
  struct Wanted {
    postgres::SessionOptions session;
    pool::PoolOptions pool;

    friend bool operator==(const Wanted&, const Wanted&) = default;
  };
  using AllWanted = base::EnumArray<routing::PoolRole, std::optional<Wanted>>;
  // How others reach a probe that is made after them and destroyed before them.
  class ProbeHandle;
  // One pool and what looks after it; all null where there is no such pool.
  struct Server {
    std::shared_ptr<pool::ConnectGate> gate;
    std::shared_ptr<control::ServerEvents> events;
    std::shared_ptr<pool::Connector> connector;
    std::shared_ptr<postgres::JudgedServer> judged;
    std::optional<routing::ServerAddress> expected;
    std::shared_ptr<ProbeHandle> handle;
    std::shared_ptr<pool::Pool> pool;
    std::shared_ptr<postgres::FactsReader> facts;
    std::shared_ptr<control::Probe> probe;
    // Of a pool whose sessions are read-only.
    std::shared_ptr<control::Canary> canary;
  };
  using Servers = base::EnumArray<routing::PoolRole, Server>;
  // For each pool, whether it is on the server that the one before it was on.
  using SameServers = base::EnumArray<routing::PoolRole, bool>;
  // What a change of the options needs, made before anything is changed.
  struct Change;

  static AllWanted WantedOf(const DatabaseOptions& options);
  static routing::Router::Pools PoolsOf(const Servers& servers);

  static std::vector<control::QueryOptions> Scheduled(const DatabaseOptions& options);
  pool::Lease AcquireForQuery(const control::QueryOptions& query, base::TimePoint deadline,
                              const std::stop_token& stop);
  Server MakeServer(routing::PoolRole role, const Wanted& wanted) SCIDEX_REQUIRES(changing_);
  void AddProbe(routing::PoolRole role, const DatabaseOptions& options, Server& server);
  static routing::RoutingOptions RoutingOf(const DatabaseOptions& options);
  std::shared_ptr<control::Autoscaler> MakeAutoscaler(const control::AutoscalerOptions& options,
                                                      const Servers& before, const Servers& servers,
                                                      const SameServers& same_server);
  std::shared_ptr<control::PoolLogger> MakePoolLogger(const control::PoolLoggerOptions& options);
  Change Prepare(const DatabaseOptions& options) SCIDEX_REQUIRES(changing_);
  void Apply(Change& change) noexcept SCIDEX_REQUIRES(changing_);
  void ChangeBackoffs(const Change& change) noexcept;
  void InheritProbe(routing::PoolRole role, const Server& server, const Server& before,
                    bool same_server) noexcept;
  static void StartProbe(const Server& server) noexcept;
  static void StopProbe(const Server& server) noexcept;
  void OnAuthFailed() noexcept;
  void OnReplicaVerdict(routing::Reason verdict, base::TimePoint probed_at);
  void OnRouteChange(const Servers& before, const routing::RouteChange& change) noexcept;
  void OnPrimaryAnswer(const routing::ServerFacts& facts);
  void OnProbe(routing::PoolRole role, const control::ProbeResult& result);
  void Stop();
  Servers ServersNow() const;
  std::shared_ptr<control::Autoscaler> AutoscalerNow() const;

  // First: everything below runs on it.
  const std::shared_ptr<Runtime> runtime_;
  // Held for the length of a call.
  base::Mutex calling_;
  std::function<void()> on_auth_failed_ SCIDEX_GUARDED_BY(calling_);
  PostgresInspector inspector_;
  PostgresRows rows_;
  std::unique_ptr<routing::Router> router_;
  std::unique_ptr<control::ReplicaWatch> replica_watch_;
  // By the primary's last answer. Used by runs of its probe alone.
  bool primary_in_recovery_ = false;

  // Held from the first to the last step of a change of the options; not by what reads.
  base::Mutex changing_;
  DatabaseOptions options_ SCIDEX_GUARDED_BY(changing_);
  // By DSN.
  std::map<std::string, std::shared_ptr<pool::ConnectGate>> gates_ SCIDEX_GUARDED_BY(changing_);
  std::map<std::string, std::shared_ptr<control::ServerEvents>> events_
      SCIDEX_GUARDED_BY(changing_);

  mutable base::Mutex mutex_;
  Servers servers_ SCIDEX_GUARDED_BY(mutex_);
  // What the probe of a pool that is gone had counted, until there is such a pool again.
  base::EnumArray<routing::PoolRole, control::ProbeStats> gone_probes_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::Autoscaler> autoscaler_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<control::PoolLogger> pool_logger_ SCIDEX_GUARDED_BY(mutex_);
  bool logging_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Last: it uses the router.
  std::unique_ptr<control::QueryRunner> queries_;
};

}  // namespace scidex::app
