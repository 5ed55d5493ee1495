#include "postgres/transaction.h"

#include <gtest/gtest.h>

#include <string>

namespace scidex::postgres {
namespace {

using Status = QueryResult::Status;

QueryResult Entered(Status status, const std::string& sqlstate = "") {
  QueryResult entered;
  entered.status = status;
  entered.sqlstate = sqlstate;
  entered.message = {"it failed", "a row"};
  return entered;
}

TEST(ReadTransaction, BeginsInAReadOnlyTransactionOnly) {
  EXPECT_NO_THROW(RequireReadOnly(Entered(Status::kOk)));
}

TEST(ReadTransaction, ARefusalBearsTheSqlstateAndNoTextOfTheServer) {
  try {
    RequireReadOnly(Entered(Status::kRefused, "0A000"));
    FAIL() << "expected an error";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(error.sqlstate(), "0A000");
    EXPECT_STREQ(error.what(), "cannot begin a READ ONLY transaction: it failed");
  }
}

TEST(ReadTransaction, APassedDeadlineIsATimeout) {
  EXPECT_THROW(RequireReadOnly(Entered(Status::kTimeout)), TransactionTimeout);
  EXPECT_THROW(RequireReadOnly(Entered(Status::kNotSent)), TransactionTimeout);
}

TEST(ReadTransaction, ALostSessionIsABrokenConnection) {
  EXPECT_THROW(RequireReadOnly(Entered(Status::kLost)), pqxx::broken_connection);
  // The server, or a pooler, ends the session with these.
  EXPECT_THROW(RequireReadOnly(Entered(Status::kRefused, "57P01")), pqxx::broken_connection);
  EXPECT_THROW(RequireReadOnly(Entered(Status::kRefused, "08006")), pqxx::broken_connection);
}

}  // namespace
}  // namespace scidex::postgres
