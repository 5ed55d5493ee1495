// pool_stats() as JSON, for /api/v1/pools.
//
// The keys are stable: new ones may come, none changes its name or its meaning. Durations are in
// seconds and end in _seconds; points in time are ISO 8601 in UTC; null stands for what does not
// exist or is not known.
//
//   at                  when the numbers were taken
//   ro_dsn_configured   whether a replica is configured
//   ro_routes_to        1, 2 or 3
//   route               replica, primary_fallthrough or primary_disabled
//   reason              why; ok is the replica's
//   decided             whether the first verdict on the replica is in
//   since               since when the route has been in force
//   route_seconds       {route: how long it was in force, over all}
//   read_acquires       {route: read leases that it served}
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
//                        the place in the source, client null or the query that it acquired for,
//                        backend_pid the server's process, null if there is none
//     last_connect_error null or {outcome, message}
//   probes              {primary, ro, ro_fallthrough}: each null or
//     up, in_recovery, behind_pooler
//     server             {host, port, dbname}: where the sessions are, or, before there was one,
//                        what the DSN says
//     read_only_enforcement
//                        session, transaction, or null: not known yet, or sessions that may write
//     read_only_canary   {success, proof_of, last_run}; proof_of is setting or recovery
//     reason, last_run, last_success, duration_seconds, failures {reason: n}
//   replica             {lag_seconds, lag_bytes, max_lag_seconds, wal_receiver_up}
//   autoscaler          {mode, pools {primary, ro, ro_fallthrough}}: of each pool null before the
//     first look, or {decision, target_size, budget}: the latest decision, what it makes of the
//     target size (in dry_run: would make), and what the server has for all its pools together
//   queries             in the order of the configuration: [{name, from, interval_seconds,
//     timeout_seconds, activity, runs, missed_runs, errors {reason: n}, latest_error null or
//     {reason, message}, last_run, last_success, duration_seconds, wait_seconds, use_seconds, rows,
//     series_dropped}]: wait and use are of all runs, duration of the latest; activity is idle,
//     waiting (for a connection) or running
//   page                what the status page shows, in words, for the script of that page alone:
//                        {title, state, texts {element: text}, alarms [element],
//                        rows {table: [{cells, alarm}]}}. What is in it changes as the page does.
#pragma once

#include <string>

#include "base/time.h"
#include "database/stats.h"

namespace scidex::status {

// Indented, with a line feed at its end. Text that is not UTF-8 is made so.
std::string PoolsJson(const database::DatabaseStats& stats, base::WallTime now);

}  // namespace scidex::status
