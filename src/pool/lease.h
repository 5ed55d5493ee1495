// A connection on loan: it goes back to its pool when the Lease does.
#pragma once

#include <list>
#include <memory>

#include "base/call_site.h"
#include "pool/connection.h"
#include "pool/stats.h"

namespace scidex::pool {

class PoolCore;
struct Slot;

// Movable, to another thread too; used by one thread at a time. May outlive its Pool: the
// connection is then closed on release.
//
// The thread that acquired it is taken for its holder, by whom a NestedAcquireDeadlock is found,
// until it is moved; from then on it has none. So one that another thread is to release must be
// moved there, not lent by reference.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Release(); }

  explicit operator bool() const { return core_ != nullptr; }

  // Requires a connection: `*this` is true.
  Connection& connection() const;
  // Where this was acquired.
  const base::CallSite& borrower() const;

  // Gives the connection back. Never throws; may take up to PoolOptions::reset_timeout when a
  // transaction was left open. Nothing happens when this is empty already.
  void Release() noexcept;
  // Gives it back to be closed: for a borrower that knows the connection to be beyond repair.
  void Evict() noexcept { Evict(EvictReason::kBorrower); }
  void Evict(EvictReason reason) noexcept;
  // Takes the connection out of the pool, for good: it is the caller's, and the pool may open
  // another. Null in a child of fork().
  std::unique_ptr<Connection> Detach() noexcept;

  // Moves it within the thread that holds it, and keeps that thread its holder: for what stands
  // between the pool and the borrower.
  Lease Forward() noexcept;

 private:
  friend class PoolCore;
  Lease(PoolCore* core, std::list<Slot>::iterator slot) : core_(core), slot_(slot) {}
  void Disown() noexcept;

  PoolCore* core_ = nullptr;
  std::list<Slot>::iterator slot_;
};

}  // namespace scidex::pool
