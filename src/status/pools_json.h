// pool_stats() as JSON, for /api/v1/pools.
//
// The keys are stable: keys may be added, but not renamed or redefined. Durations are in seconds
// and end in _seconds; points in time are ISO 8601 in UTC; null means absent or unknown. A point in
// time is what the machine's clock showed then, except `since`, which is `at` minus a duration: a
// step of the clock does not change how long the route has been in force.
//
//   at                  the time of the snapshot
//   ro_dsn_configured   whether a replica is configured
//   ro_routes_to        1, 2 or 3
//   route               replica, primary_fallthrough or primary_disabled
//   reason              the reason of the route; ok for replica
//   decided             whether there has been a verdict on the replica, or none is configured
//   since               when the current route came into force
//   route_seconds       {route: total time in force}
//   read_acquires       {route: number of read leases}
//   transitions         the latest changes, oldest first: [{from, to, reason, at}]
//   pools               {primary, ro, ro_fallthrough}: each null or
//     size, connecting, idle, in_use, max_size, target_size, min_idle, waiters, max_waiters
//     oldest_waiter_seconds, oldest_lease_seconds, acquire_timeout_seconds
//     requests, acquires {outcome: n}, connects {outcome: n}, evictions {reason: n}
//     resizes {direction: {cause: n}}, leases_leaked, retired_leases (of pools that this one has
//                        replaced)
//     read_only          {proofs {how: n}, violations, tampered, writes, unproven}
//     acquire_wait, use, connect
//                        {count, sum_seconds}
//     oldest_leases      oldest first: [{borrower, client, backend_pid, age_seconds}]; borrower is
//                        the call site, client the query that acquired, or null, backend_pid the
//                        server's process, or null
//     last_connect_error null or {outcome, message}
//   probes              {primary, ro, ro_fallthrough}: each null or
//     up, in_recovery, writable, behind_pooler
//     server             {host, port, dbname} of the sessions; before the first one, of the DSN
//     read_only_enforcement
//                        session or transaction; null if unknown, or if sessions may write
//     read_only_canary   {success, proof_of, last_run}; proof_of is setting or recovery
//     reason, last_run, last_success, duration_seconds, probes, failures {reason: n}
//   replica             {lag_seconds, lag_bytes, max_lag_seconds, stale, wal_receiver_up}
//   autoscaler          {mode, pools {primary, ro, ro_fallthrough}}: each pool is null before its
//     first check, or {decision, target_size, budget}: the latest decision, the resulting target
//     size (in dry_run, what it would be), and the server's connections for all its pools together
//   queries             in the order of the configuration: [{name, from, interval_seconds,
//     timeout_seconds, activity, runs, missed_runs, errors {reason: n}, latest_error null or
//     {reason, message}, last_run, last_success, duration_seconds, wait_seconds, use_seconds, rows,
//     series_dropped}]: wait and use are totals, duration is of the latest run; activity is idle,
//     waiting (for a connection) or running
//   page                the texts of the status page, only for its script:
//                        {title, state, texts {element: text}, alarms [element],
//                        rows {table: [{cells, alarm}]}}. Changes with the page.
#pragma once

#include <string>

#include "base/time.h"
#include "database/stats.h"

namespace scidex::status {

// Indented, with a final line feed. Invalid UTF-8 is replaced.
std::string PoolsJson(const database::DatabaseStats& stats, base::WallTime now);

}  // namespace scidex::status
