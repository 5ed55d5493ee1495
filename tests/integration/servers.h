// Shared by the tests on real servers.
#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"
#include "database/database.h"
#include "support/eventually.h"
#include "support/postgres_cluster.h"

namespace scidex::test {

// Waits until `replica` has replayed the current position of `primary`.
inline bool AwaitReplay(const PostgresServer& primary, const PostgresServer& replica) {
  const std::string position = primary.QueryOne("SELECT pg_current_wal_lsn()");
  return Eventually(kPatience, [&] {
    return replica.QueryOne("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t";
  });
}

inline postgres::SessionOptions SessionOn(const PostgresServer& server) {
  postgres::SessionOptions options;
  options.dsn = base::Secret(server.Dsn());
  return options;
}

// Servers that respond may take as long as they need on a busy machine. Tests of a server that does
// not respond set its timeouts themselves.
inline database::DatabaseOptions OptionsOn(const PostgresServer& primary) {
  database::DatabaseOptions options;
  options.primary = SessionOn(primary);
  options.probe.timeout = kPatience;
  for (pool::PoolOptions* pool :
       {&options.primary_pool, &options.ro_pool, &options.ro_fallthrough_pool}) {
    pool->max_size = 4;
    pool->acquire_timeout = kPatience;
    pool->connect_timeout = kPatience;
    pool->reset_timeout = kPatience;
  }
  return options;
}

inline database::DatabaseOptions OptionsOn(const PostgresServer& primary,
                                           const PostgresServer& replica) {
  database::DatabaseOptions options = OptionsOn(primary);
  options.replica = SessionOn(replica);
  return options;
}

// Everything through `dsn`; one read session, so that the next borrower gets the same session.
inline database::DatabaseOptions OneReadSession(const PostgresServer& primary,
                                                const std::string& dsn) {
  database::DatabaseOptions options = OptionsOn(primary);
  options.primary->dsn = base::Secret(dsn);
  options.primary_pool.min_idle = 0;
  options.ro_fallthrough_pool.min_idle = 0;
  options.ro_fallthrough_pool.max_size = 1;
  return options;
}

inline pool::PoolStats FallthroughStats(const database::Database& database) {
  return *database.pool_stats().pools[routing::PoolRole::kRoFallthrough];
}

inline bool AwaitRoute(const database::Database& database, routing::Route route) {
  return Eventually(kPatience, [&] {
    const routing::RouteStats stats = database.pool_stats().route;
    return stats.decided && stats.route == route;
  });
}

// The first value of the result on a lease's session, or the SQLSTATE of the error.
inline std::string QueryOne(const pool::Lease& lease, const std::string& sql) {
  const postgres::QueryResult result =
      postgres::Session::Of(lease).Query(sql.c_str(), base::RealClock().Now() + kPatience);
  return result.status == postgres::QueryResult::Status::kOk ? Value(result, 0) : result.sqlstate;
}

// The first value of a read through a new lease.
inline std::string Read(database::Database& database, const std::string& sql) {
  const pool::Lease lease = database.AcquireRead();
  postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
  return read->exec(sql)[0][0].c_str();
}

}  // namespace scidex::test
