// Reads the rows of one statement one by one, in any number.
#pragma once

#include <stop_token>
#include <string>

#include "base/time.h"
#include "pool/connection.h"
#include "queries/row_reader.h"

namespace scidex::postgres {

// Number of unwanted rows that are read and discarded, so that the session can be reused; after
// more, the session is shut down.
inline constexpr int kDiscardedRows = 1000;

// Runs one statement in a READ ONLY transaction, which remains open until the session's release:
// that commits it if all went well, by the rules in session.h. The server refuses several
// statements in `sql`, so none can lift READ ONLY for another one. statement_timeout ends the
// statement after nine tenths of the time until `deadline`. If the server ignores that, the read
// ends at the deadline, but at the earliest half a second after the timeout. Text is returned as
// UTF-8, but from a database without an encoding (SQL_ASCII) as stored.
//
// `connection` must be an acquired Session. A stopped `stop` is treated as a deadline that has
// passed. Thread-safe.
class RowStream final : public queries::RowReader {
 public:
  queries::Reading Read(pool::Connection& connection, const std::string& sql,
                        base::TimePoint deadline, const std::stop_token& stop,
                        queries::RowSink& sink) override;
};

}  // namespace scidex::postgres
