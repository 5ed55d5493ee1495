// Transactions on leased sessions with one deadline for the whole transaction. When it passes, the
// socket is shut down, a blocked call fails with pqxx::broken_connection, and the session does not
// return to the pool.
//
//   pool::Lease lease = router.AcquireRead();
//   ReadTransaction read(lease, timer, deadline);
//   const pqxx::result rows = read->exec("SELECT …");
#pragma once

#include <pqxx/pqxx>

#include <memory>
#include <utility>

#include "base/time.h"
#include "base/timer.h"
#include "pool/lease.h"
#include "postgres/query.h"
#include "postgres/session.h"

namespace scidex::postgres {

// The deadline passed before the transaction could begin.
class TransactionTimeout : public pqxx::failure {
  using pqxx::failure::failure;
};

// Throws unless `entered`, from Session::EnterReadOnly(), is kOk: TransactionTimeout if the
// deadline has passed, pqxx::broken_connection if the session is lost, pqxx::sql_error with the
// SQLSTATE if the server refused.
void RequireReadOnly(const QueryResult& entered);

// Shuts the session down at the deadline. The timer is shared, because a transaction may outlive
// its database.
class TransactionLimit {
 public:
  // `session` must outlive it.
  TransactionLimit(Session& session, std::shared_ptr<base::Timer> timer, base::TimePoint deadline)
      : timer_(std::move(timer)), entry_(*timer_, deadline, [&session] { session.ShutDown(); }) {}

 private:
  const std::shared_ptr<base::Timer> timer_;
  const base::Timer::Entry entry_;
};

// BEGIN READ ONLY. Rolled back by the destructor unless committed. Must be used by one thread;
// `lease` must outlive it. If read-only is enforced by transaction, this is the transaction in
// which the session was lent or, after an earlier ReadTransaction on the same lease, a new one.
// That one ends with the lease, as described in session.h, whether committed or not.
class [[nodiscard]] ReadTransaction {
 public:
  // Throws as RequireReadOnly() does if the transaction cannot be started.
  ReadTransaction(const pool::Lease& lease, std::shared_ptr<base::Timer> timer,
                  base::TimePoint deadline);
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  ~ReadTransaction();

  pqxx::transaction_base* operator->() { return transaction_.get(); }
  pqxx::transaction_base& operator*() { return *transaction_; }
  // Throws pqxx::failure. Costs another round trip if a SET may have lifted READ ONLY in the
  // transaction.
  void Commit();

 private:
  Session& session_;
  const TransactionLimit limit_;
  const std::unique_ptr<pqxx::transaction_base> transaction_;
};

// BEGIN, on a session that may write. Rolled back by the destructor unless committed. Must be used
// by one thread; `lease` must outlive it.
class [[nodiscard]] WriteTransaction {
 public:
  // Throws pqxx::failure if the session is lost or the server refuses BEGIN.
  WriteTransaction(const pool::Lease& lease, std::shared_ptr<base::Timer> timer,
                   base::TimePoint deadline)
      : limit_(Session::Of(lease), std::move(timer), deadline),
        transaction_(Session::Of(lease).pqxx()) {}

  pqxx::transaction_base* operator->() { return &transaction_; }
  pqxx::transaction_base& operator*() { return transaction_; }
  // Throws pqxx::failure. If it is a pqxx::in_doubt_error, the connection was lost at a moment from
  // which it is unknown whether the server has committed.
  void Commit() { transaction_.commit(); }

 private:
  const TransactionLimit limit_;
  pqxx::work transaction_;
};

}  // namespace scidex::postgres
