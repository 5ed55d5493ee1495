// Runs each query of a configuration once: --config.check.connect.
#pragma once

#include <iosfwd>

#include "config/config.h"

namespace scidex::app {

// Opens the pools as the exporter does, runs the queries one after another, and prints to `out` the
// columns, types and numbers of rows that they return (never values), and how each column would be
// used. Error messages of servers go to the log. If a source has no connection within ten seconds,
// its other queries are not tried. Returns whether no query failed. Throws as Database's
// constructor does.
bool TryQueries(const config::Config& config, std::ostream& out);

}  // namespace scidex::app
