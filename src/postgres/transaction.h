// Transactions on leased sessions, as a whole under a deadline: when it passes, the socket is shut
// down, whatever call is blocked fails with pqxx::broken_connection, and the session does not go
// back to the pool.
//
//   pool::Lease lease = router.AcquireRead();
//   ReadTransaction read(lease, timer, deadline);
//   const pqxx::result rows = read->exec("SELECT …");
#pragma once

#include <pqxx/pqxx>

#include <memory>

#include "base/time.h"
#include "base/timer.h"
#include "pool/lease.h"
#include "postgres/session.h"

namespace scidex::postgres {

// BEGIN READ ONLY. Not committed by its end: rolled back. Used by one thread; `lease` outlives it.
// Where read-only is enforced by transaction, it is the one in which the session is lent, or, after
// an earlier one on the same lease, a new one; that ends with the lease, as session.h says,
// committed or not.
class ReadTransaction {
 public:
  // Throws pqxx::failure if it cannot be begun.
  ReadTransaction(const pool::Lease& lease, base::Timer& timer, base::TimePoint deadline);
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  ~ReadTransaction();

  pqxx::transaction_base* operator->() { return transaction_.get(); }
  pqxx::transaction_base& operator*() { return *transaction_; }
  // One round trip more where a SET may have lifted READ ONLY in it.
  void Commit();

 private:
  Session& session_;
  const base::Timer::Entry limit_;
  const std::unique_ptr<pqxx::transaction_base> transaction_;
};

// BEGIN, on a session that may write. Not committed by its end: rolled back. Used by one thread;
// `lease` outlives it.
class WriteTransaction {
 public:
  WriteTransaction(const pool::Lease& lease, base::Timer& timer, base::TimePoint deadline)
      : session_(Session::Of(lease)),
        limit_(timer, deadline, [this] { session_.ShutDown(); }),
        transaction_(session_.pqxx()) {}

  pqxx::transaction_base* operator->() { return &transaction_; }
  pqxx::transaction_base& operator*() { return transaction_; }
  void Commit() { transaction_.commit(); }

 private:
  Session& session_;
  const base::Timer::Entry limit_;
  pqxx::work transaction_;
};

}  // namespace scidex::postgres
