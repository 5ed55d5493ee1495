// What the tests against real servers share.
#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"
#include "database/database.h"
#include "support/eventually.h"
#include "support/postgres_cluster.h"

namespace scidex::test {

// Until `replica` has what `primary` has now.
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

// Servers that answer have all the time that a busy machine takes. A test of one that does not says
// when it is given up.
inline database::DatabaseOptions On(const PostgresServer& primary) {
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

inline database::DatabaseOptions On(const PostgresServer& primary, const PostgresServer& replica) {
  database::DatabaseOptions options = On(primary);
  options.replica = SessionOn(replica);
  return options;
}

// Everything through `dsn`; one read session, so that the next borrower gets that of the last.
inline database::DatabaseOptions OneReadSession(const PostgresServer& primary,
                                                const std::string& dsn) {
  database::DatabaseOptions options = On(primary);
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

// The first value of the answer on a lease's session, or the SQLSTATE that came instead.
inline std::string Ask(const pool::Lease& lease, const std::string& sql) {
  const postgres::QueryResult result =
      postgres::Session::Of(lease).Query(sql.c_str(), base::RealClock().Now() + kPatience);
  return result.status == postgres::QueryResult::Status::kOk ? Value(result, 0) : result.sqlstate;
}

// The first value of a read through a lease of its own.
inline std::string Read(database::Database& database, const std::string& sql) {
  const pool::Lease lease = database.AcquireRead();
  postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
  return read->exec(sql)[0][0].c_str();
}

}  // namespace scidex::test
