#include "app/version.h"

#include "postgres/library.h"

namespace scidex::app {

metrics::BuildInfo ThisBuild() {
  metrics::BuildInfo build;
  build.version = SCIDEX_VERSION;
  build.revision = SCIDEX_REVISION;
  return build;
}

std::string VersionText() {
  const metrics::BuildInfo build = ThisBuild();
  return "scidex_pg_exporter " + build.version + " (revision " + build.revision + ", " +
         build.compiler + ", libpqxx " + postgres::LibpqxxVersion() + ")";
}

}  // namespace scidex::app
