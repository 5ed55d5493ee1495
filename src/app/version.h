// The version of this build.
#pragma once

#include <string>

#include "metrics/snapshot.h"

namespace scidex::app {

metrics::BuildInfo ThisBuild();

// "scidex_pg_exporter 0.1.0 (revision 0123456789ab, gcc 12.2.0, libpqxx 6.4.5)"
std::string VersionText();

}  // namespace scidex::app
