// What a query asks of a session, asked of PostgreSQL.
#pragma once

#include <string>

#include "control/row_reader.h"

namespace scidex::app {

// Only for connections that a postgres::SessionConnector opened. Thread safe.
class PostgresRows final : public control::RowReader {
 public:
  control::Reading Read(pool::Connection& connection, const std::string& sql,
                        base::TimePoint deadline, const std::stop_token& stop,
                        control::RowSink& sink) override;
};

}  // namespace scidex::app
