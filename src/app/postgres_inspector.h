// What control asks of a session, asked of PostgreSQL.
#pragma once

#include "control/session_inspector.h"

namespace scidex::app {

// Only for connections that a postgres::SessionConnector opened. Thread safe.
class PostgresInspector final : public control::SessionInspector {
 public:
  control::Trial TryWrite(pool::Connection& connection, base::TimePoint deadline,
                          const std::stop_token& stop) override;
};

}  // namespace scidex::app
