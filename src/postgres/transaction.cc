#include "postgres/transaction.h"

namespace scidex::postgres {
namespace {

std::unique_ptr<pqxx::transaction_base> Begin(Session& session, base::TimePoint deadline) {
  if (!session.by_transaction()) {
    session.ExpectBegin(true);
    return std::make_unique<pqxx::read_transaction>(session.pqxx());
  }
  const QueryResult entered = session.EnterReadOnly(deadline);
  if (entered.status != QueryResult::Status::kOk)
    throw pqxx::broken_connection("cannot begin a READ ONLY transaction: " + entered.message.words);
  // Does not begin or end the transaction that the session is in.
  return std::make_unique<pqxx::nontransaction>(session.pqxx());
}

}  // namespace

ReadTransaction::ReadTransaction(const pool::Lease& lease, base::Timer& timer,
                                 base::TimePoint deadline)
    : session_(Session::Of(lease)),
      limit_(timer, deadline, [this] { session_.ShutDown(); }),
      transaction_(Begin(session_, deadline)) {}

// libpqxx 6 sends BEGIN with the first statement, if there is one.
ReadTransaction::~ReadTransaction() { session_.ExpectBegin(false); }

void ReadTransaction::Commit() {
  session_.BeforeCommit();
  transaction_->commit();
}

}  // namespace scidex::postgres
