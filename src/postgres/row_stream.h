// The rows of one statement, one by one, however many there are.
#pragma once

#include <stop_token>
#include <string>

#include "base/time.h"
#include "pool/connection.h"
#include "queries/row_reader.h"

namespace scidex::postgres {

// So many rows that nobody wants are read and thrown away, so that the session can be used again;
// what has more is shut down.
inline constexpr int kDiscardedRows = 1000;

// Runs one statement in a READ ONLY transaction, which it leaves to the session's release: that
// commits it if all went well, by the rules of session.h. Several statements in `sql` are refused
// by the server, so that nothing can lift READ ONLY and then write. statement_timeout ends the
// statement when nine tenths of the time until `deadline` are over; a server that does not heed it
// is left at the deadline, but not before half a second after that. Text comes as UTF-8, but from a
// database without an encoding (SQL_ASCII) as the bytes that there are.
//
// `connection` is a Session as it is acquired. A stopped `stop` is a deadline that has come. Thread
// safe.
class RowStream final : public queries::RowReader {
 public:
  queries::Reading Read(pool::Connection& connection, const std::string& sql,
                        base::TimePoint deadline, const std::stop_token& stop,
                        queries::RowSink& sink) override;
};

}  // namespace scidex::postgres
