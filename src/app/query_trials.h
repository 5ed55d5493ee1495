// Runs the queries of a configuration once, for people: --config.check.connect.
#pragma once

#include <iosfwd>

#include "config/config.h"

namespace scidex::app {

// Opens the pools as the exporter does, runs one query after the other, and prints to `out` what
// comes back (columns, types, numbers of rows, never their values), and what would become of it.
// What servers say of their errors goes to the log. A source without a connection within ten
// seconds is not asked again. Returns whether no query failed. Throws as Database's constructor.
bool TryQueries(const config::Config& config, std::ostream& out);

}  // namespace scidex::app
