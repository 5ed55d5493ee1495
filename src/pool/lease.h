// An acquired connection, which is returned to its pool when the Lease is destroyed.
#pragma once

#include <list>
#include <memory>

#include "base/call_site.h"
#include "pool/connection.h"
#include "pool/stats.h"

namespace scidex::pool {

class PoolCore;
struct Slot;

// Movable, also to another thread; used by one thread at a time. May outlive its Pool: the
// connection is then closed on release.
//
// The thread that acquired the lease is its holder, for the detection of NestedAcquireDeadlock,
// until the lease is moved; after that it has no holder. So a lease that another thread will
// release must be moved there, not passed by reference.
class [[nodiscard]] Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Release(); }

  explicit operator bool() const { return core_ != nullptr; }

  // Requires that `*this` holds a connection.
  Connection& connection() const;
  // Where this lease was acquired.
  const base::CallSite& borrower() const;

  // Returns the connection to the pool. Never throws. May block for up to
  // PoolOptions::reset_timeout while the connection is reset, for example because a transaction was
  // left open. No effect if this is empty.
  void Release() noexcept;
  // Returns the connection to be closed, because the borrower knows that it is unusable.
  void Evict() noexcept { Evict(EvictReason::kBorrower); }
  void Evict(EvictReason reason) noexcept;
  // Removes the connection from the pool permanently: the caller owns it, and the pool may open
  // another. Returns null in a child of fork().
  std::unique_ptr<Connection> Detach() noexcept;

  // Moves the lease within the holding thread without changing its holder. For layers between the
  // pool and the borrower.
  Lease Forward() noexcept;

 private:
  friend class PoolCore;
  Lease(PoolCore* core, std::list<Slot>::iterator slot) : core_(core), slot_(slot) {}
  void Disown() noexcept;

  PoolCore* core_ = nullptr;
  std::list<Slot>::iterator slot_;
};

}  // namespace scidex::pool
