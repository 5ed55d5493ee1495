// A pool of connections: it keeps some open, lends each to one borrower at a time, and never opens
// more than it may.
//
//   Pool pool("ro", options, {connector, scheduler});
//   {
//     Lease lease = pool.Acquire();        // or throws an AcquireError
//     Use(lease.connection());
//   }                                      // back in the pool
//
// The order of service: waiters are served in order of arrival once they have waited
// PoolOptions::handoff_after; before that a thread that is running already may overtake them. Idle
// connections are reused last in, first out. Connects happen on the scheduler's threads, never
// under the pool's lock and never in an acquirer's thread, so that an acquirer takes whatever comes
// first: a connection released or a connection opened.
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
  // When to give up; by default PoolOptions::acquire_timeout from now. One that has passed takes
  // what is idle, or fails at once.
  std::optional<base::TimePoint> deadline = std::nullopt;
  // Ends the wait with AcquireCancelled.
  std::stop_token stop = {};
  // The name of who acquires, where one call site acquires for many: a query's. Null otherwise.
  std::shared_ptr<const std::string> client = nullptr;
};

// Thread safe. In a child of fork() nothing here touches the parent's connections: acquiring throws
// ForkedPool, and the rest does nothing.
class Pool {
 public:
  struct Dependencies {
    std::shared_ptr<Connector> connector;
    // Where connects and housekeeping run; may be shared between pools. Outlives the pool.
    base::Scheduler& scheduler;
    base::Clock& clock = base::RealClock();
    // Called, without a lock and on any thread, when a connection turned out dead or could not be
    // opened: the moment to look at the server. Must not block.
    std::function<void()> on_trouble = {};
    // Shared by the pools of one server; null if this is its only one.
    std::shared_ptr<ConnectGate> server_gate = {};
  };

  // Starts opening min_idle connections and returns at once. Throws std::invalid_argument as
  // Validate().
  Pool(std::string name, const PoolOptions& options, Dependencies dependencies);
  // Closes.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Throws an AcquireError.
  Lease Acquire(const AcquireOptions& options = {},
                const base::CallSite& borrower = base::CallSite::current());

  // An idle connection, or an empty lease; never waits in the queue. The deadline, by default
  // PoolOptions::reset_timeout from now, is for the look at the connection. Counted only when it
  // gets one. Throws ForkedPool.
  Lease TryAcquire(const AcquireOptions& options = {},
                   const base::CallSite& borrower = base::CallSite::current());

  // Moves target_size; min_idle <= target <= max_size, else std::invalid_argument. Idle connections
  // above the target are closed one a second, leased ones on release.
  void Resize(std::size_t target, ResizeCause cause = ResizeCause::kOperator);

  // Goes on from a pool that this one replaces, or from nothing: target_size is `target`, or what
  // min_idle, 1 and max_size allow that is next to it. It is not counted as a change of the target.
  void StartAt(std::size_t target);
  // Of a pool that this one replaces on the same server: until then, or until they are closed, its
  // connections count for target_size here, so that both together have no more than that. But
  // max(1, min_idle) may always be opened. To be called before `before` is retired, and before
  // anyone acquires here.
  void MakeRoomFor(const Pool& before, base::TimePoint until) noexcept;

  // Replaces every connection: idle ones now, leased and connecting ones when they come back. What
  // is acquired after this was opened after it.
  void Drain();

  // Closes the idle connections alone, as they may be of no use any more.
  void EvictIdle();

  // Holds every acquire in the queue until Resume(); deadlines go on, leases that are out stay out.
  // Idempotent.
  void Suspend();
  void Resume();

  // Returns when min_idle connections are open, lent ones included. Throws AcquireTimeout at the
  // deadline, AcquireCancelled or PoolClosed; it is not counted as an acquire. For any number of
  // threads, any number of times.
  void AwaitReady(base::TimePoint deadline, const std::stop_token& stop = {});

  // The server is known to answer: ends the backoff between connects.
  void OnServerAnswered();

  // Fails waiters at once with PoolClosed, closes idle connections, and waits for connects in
  // flight to end (they are told to). Leases that are out are closed on release; until then they
  // are looked at for leaks as before, until Close(). Idempotent.
  void Retire();
  // The same, and nothing of the pool runs any more. Idempotent.
  void Close();

  PoolStats Stats() const;
  // As in a snapshot, without making one.
  std::size_t target_size() const;
  const std::string& name() const;
  base::Duration acquire_timeout() const;

 private:
  std::shared_ptr<PoolCore> core_;
};

}  // namespace scidex::pool
