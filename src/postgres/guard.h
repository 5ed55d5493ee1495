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

// Sends `statement` with the settings before it in one message, whose end ends them too: nothing is
// left behind, also in a session that a pooler gave. Of a transaction that is open the isolation
// level is kept. Before PostgreSQL 13 a timeout holds for the whole message and is not set aside.
// On a busy server one of a few milliseconds may be over before it is: what was cancelled is sent
// again, a few times.
// https://www.postgresql.org/docs/current/runtime-config-client.html
QueryResult QueryGuarded(Session& session, std::string_view statement, base::TimePoint deadline,
                         const std::stop_token& stop, SearchPath path = SearchPath::kCatalog);

}  // namespace scidex::postgres
