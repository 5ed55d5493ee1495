// A connection pool: keeps connections open and lends each to one borrower at a time.
//
//   Pool pool("ro", options, {connector, scheduler});
//   {
//     Lease lease = pool.Acquire();        // or throws an AcquireError
//     Use(lease.connection());
//   }                                      // returned to the pool
//
// Waiters are served in order of arrival once they have waited PoolOptions::handoff_after; before
// that, a running thread may overtake them. Idle connections are reused last in, first out.
// Connects run on the scheduler's threads, never under the pool's lock and never in an acquirer's
// thread, so an acquirer gets whichever comes first: a released connection or a new one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/call_site.h"
#include "base/clock.h"
#include "base/scheduler.h"
#include "pool/connect_gate.h"
#include "pool/connection.h"
#include "pool/errors.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/stats.h"

namespace scidex::pool {

class PoolCore;

struct AcquireOptions {
  // When to give up; by default PoolOptions::acquire_timeout from now. If it has already passed,
  // the acquire succeeds only with an idle connection that can be lent without a round trip.
  std::optional<base::TimePoint> deadline = std::nullopt;
  // Ends the acquire with AcquireCancelled, also while a connection is checked.
  std::stop_token stop = {};
  // Name of the client if one call site acquires for many, such as the name of a query; otherwise
  // null.
  std::shared_ptr<const std::string> client = nullptr;
  // Stopped once the caller would continue in another pool: from then on, the acquire throws
  // AcquireMoved instead of AcquireCancelled and PoolClosed, and is not counted. Ends the check of
  // a connection, but not a wait. Null if there is no other pool. Must outlive the acquire.
  const std::stop_source* moves = nullptr;
  // When the acquire began in an earlier pool; by default it begins now.
  std::optional<base::TimePoint> started = std::nullopt;
};

// Thread-safe. In a child of fork(), no function touches the parent's connections: acquiring throws
// ForkedPool, as does AwaitReady(), and all other functions do nothing.
class Pool {
 public:
  struct Dependencies {
    std::shared_ptr<Connector> connector;
    // Runs connects and housekeeping; may be shared between pools. Must outlive the pool.
    base::Scheduler& scheduler;
    base::Clock& clock = base::RealClock();
    // Called, without a lock and on any thread, when a connection is found dead or cannot be
    // opened, so that the server can be checked. Must not block.
    std::function<void()> on_trouble = {};
    // Shared by the pools of one server; null if this is its only pool.
    std::shared_ptr<ConnectGate> server_gate = {};
  };

  // Starts opening min_idle connections and returns immediately. Throws std::invalid_argument like
  // Validate().
  Pool(std::string name, const PoolOptions& options, Dependencies dependencies);
  // Calls Close().
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Throws an AcquireError, AcquireMoved or std::bad_alloc.
  Lease Acquire(const AcquireOptions& options = {},
                const base::CallSite& borrower = base::CallSite::current());

  // Returns an idle connection, or an empty lease if there is none; never queues. The deadline, by
  // default PoolOptions::reset_timeout from now, limits the check of the connection. Counted only
  // if it returns a connection. Throws ForkedPool.
  Lease TryAcquire(const AcquireOptions& options = {},
                   const base::CallSite& borrower = base::CallSite::current());

  // Sets target_size. Throws std::invalid_argument unless max(1, min_idle) <= target <= max_size.
  // Idle connections above the target are closed at one per second, leased ones on release.
  void Resize(std::size_t target, ResizeCause cause = ResizeCause::kOperator);

  // Sets the initial target_size to `target`, clamped to the range from max(1, min_idle) to
  // max_size. Not counted as a resize.
  void StartAt(std::size_t target);
  // Makes this pool the successor of `before` on the same server: until `until`, the connections
  // that `before` still has open count towards target_size here, so that both pools together stay
  // within it. max(1, min_idle) connections may always be opened. Must be called before `before` is
  // retired and before the first acquire here.
  void MakeRoomFor(const Pool& before, base::TimePoint until) noexcept;

  // Replaces all connections: idle ones now, leased and connecting ones when they are returned or
  // opened. Later acquires get only connections that were opened after this call.
  void Drain();

  // Closes only the idle connections, because they may be unusable.
  void EvictIdle();

  // Holds all acquires in the queue until Resume(). Deadlines still apply, and active leases are
  // not affected. Idempotent.
  void Suspend();
  void Resume();

  // Blocks until min_idle connections are open, including lent ones. Throws AcquireTimeout at the
  // deadline, AcquireCancelled or PoolClosed. Not counted as an acquire. May be called by any
  // number of threads, any number of times.
  void AwaitReady(base::TimePoint deadline, const std::stop_token& stop = {});

  // The server is known to answer: ends the backoff between connects.
  void OnServerAnswered();

  // Fails all waiters immediately with PoolClosed, closes idle connections, and stops connects in
  // progress and waits for them. Active leases are closed on release; they are checked for leaks
  // until Close(). Idempotent.
  void Retire();
  // Calls Retire(), then stops housekeeping: afterwards the pool runs no tasks. Idempotent.
  void Close();

  // A snapshot; see stats.h. Holds the pool's lock while it copies the counters and visits each
  // active lease.
  PoolStats Stats() const;
  // Like the field of a snapshot, but cheaper.
  std::size_t target_size() const;
  // As given to the constructor.
  const std::string& name() const;
  base::Duration acquire_timeout() const;

 private:
  std::shared_ptr<PoolCore> core_;
};

}  // namespace scidex::pool
