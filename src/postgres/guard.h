// Overrides settings of a role or a database that would make one of our own statements fail, wait
// or change its meaning: timeouts, a search_path with functions of the same names, an isolation
// level that a standby refuses.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/time.h"
#include "postgres/libpq.h"
#include "postgres/session.h"

namespace scidex::postgres {

enum class SearchPath {
  kCatalog,  // only pg_catalog: for our own SQL
  kOfRole,   // for the operator's SQL
};

// When the server cancels a statement. Without a limit it would continue after its client has gone,
// and hold a connection or wait for a lock.
enum class CancelTime {
  kAfterDeadline,   // a second later: the client's deadline comes first
  kBeforeDeadline,  // so that the session survives; the result is kRefused
};

// Returns a SET for the statements that follow it in the same message or transaction.
std::string LimitFor(base::TimePoint deadline, CancelTime when = CancelTime::kAfterDeadline);

// Sends the settings and `statement` in one message, at whose end they are reset: no trace remains,
// even in a session of a pooler. Keeps the isolation level of an open transaction. Before
// PostgreSQL 13, a timeout applies to the whole message and cannot be overridden. On a busy server,
// a timeout of a few milliseconds may expire before it is overridden: a cancelled statement is sent
// up to five times, unless `when` is kBeforeDeadline.
// https://www.postgresql.org/docs/current/runtime-config-client.html
QueryResult QueryGuarded(Session& session, std::string_view statement, base::TimePoint deadline,
                         const std::stop_token& stop, SearchPath path = SearchPath::kCatalog,
                         CancelTime when = CancelTime::kAfterDeadline);

}  // namespace scidex::postgres
