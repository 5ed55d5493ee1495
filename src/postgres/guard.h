// Sets aside the settings of a role or a database under which a statement of ours would fail, wait
// or mean something else: timeouts, a search_path with functions of the same names, an isolation
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
  kCatalog,  // pg_catalog alone: for SQL of ours
  kOfRole,   // for SQL of the operator's
};

// When the server is to give up a statement: it goes on with one whose client has gone, and would
// hold a connection, or wait for a lock, for as long as that takes.
enum class GivesUp {
  kAfterDeadline,   // a second later: ours counts
  kBeforeDeadline,  // so that the session survives; then the statement is refused as cancelled
};

// A setting for the statements after it in the same message, or transaction.
std::string LimitFor(base::TimePoint deadline, GivesUp when = GivesUp::kAfterDeadline);

// Sends `statement` with the settings before it in one message, whose end ends them too: nothing is
// left behind, also in a session that a pooler gave. Of a transaction that is open the isolation
// level is kept. Before PostgreSQL 13 a timeout holds for the whole message and is not set aside.
// On a busy server one of a few milliseconds may be over before it is: what was cancelled is sent
// again, a few times, unless the limit is before the deadline.
// https://www.postgresql.org/docs/current/runtime-config-client.html
QueryResult QueryGuarded(Session& session, std::string_view statement, base::TimePoint deadline,
                         const std::stop_token& stop, SearchPath path = SearchPath::kCatalog,
                         GivesUp when = GivesUp::kAfterDeadline);

}  // namespace scidex::postgres
