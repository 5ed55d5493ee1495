#include "postgres/transaction.h"

#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

std::unique_ptr<pqxx::transaction_base> Begin(Session& session, base::TimePoint deadline) {
  if (!session.by_transaction()) {
    session.ExpectBegin(true);
    return std::make_unique<pqxx::read_transaction>(session.pqxx());
  }
  const QueryResult entered = session.EnterReadOnly(deadline);
  // Only the transaction makes the session read-only. Without one, the borrower must not use it.
  if (entered.status != QueryResult::Status::kOk && session.raw() != nullptr &&
      PQtransactionStatus(session.raw()) == PQTRANS_IDLE)
    session.ShutDown();
  RequireReadOnly(entered);
  // Does not begin or end the transaction that the session is in.
  return std::make_unique<pqxx::nontransaction>(session.pqxx());
}

}  // namespace

void RequireReadOnly(const QueryResult& entered) {
  const std::string what = "cannot begin a READ ONLY transaction: " + entered.message.words;
  switch (entered.status) {
    case QueryResult::Status::kOk:
      return;
    case QueryResult::Status::kRefused:
      if (MeansLost(entered.sqlstate)) break;
      throw pqxx::sql_error(what, "BEGIN READ ONLY", entered.sqlstate.c_str());
    case QueryResult::Status::kTimeout:
    case QueryResult::Status::kNotSent:
      throw TransactionTimeout(what);
    case QueryResult::Status::kLost:
      break;
  }
  throw pqxx::broken_connection(what);
}

ReadTransaction::ReadTransaction(const pool::Lease& lease, std::shared_ptr<base::Timer> timer,
                                 base::TimePoint deadline)
    : session_(Session::Of(lease)),
      limit_(session_, std::move(timer), deadline),
      transaction_(Begin(session_, deadline)) {}

// libpqxx 6 sends BEGIN with the first statement, if there is one.
ReadTransaction::~ReadTransaction() { session_.ExpectBegin(false); }

void ReadTransaction::Commit() {
  session_.BeforeCommit();
  transaction_->commit();
}

}  // namespace scidex::postgres
