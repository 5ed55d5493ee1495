// The exporter: a Database, its metrics, and the HTTP server that shows them.
#pragma once

#include <memory>
#include <string>

#include "app/reloader.h"
#include "base/mutex.h"
#include "base/time.h"
#include "config/config.h"
#include "database/database.h"
#include "database/runtime.h"
#include "http/message.h"
#include "http/server.h"
#include "metrics/exposition.h"
#include "metrics/snapshot.h"

namespace scidex::app {

// What the configuration says of the database, as the pool layer takes it.
database::DatabaseOptions DatabaseOptionsOf(const config::Config& config);

// What --config.check is for: whatever of a start can be tried without starting. Throws
// config::ConfigError and http::ServerError, which name the place.
void Check(const config::Config& config);

// What is allowed but unwise.
void LogWarnings(const config::Config& config);

// Thread safe.
class Exporter {
 public:
  // Serves when this returns, whether or not a database answers. The configuration has passed
  // Check. Throws http::ServerError when an address cannot be listened on.
  // `load` reads the configuration again.
  Exporter(const config::Config& config, Reloader::Load load,
           std::shared_ptr<database::Runtime> runtime);
  // Stops serving, then closes the pools.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // As Reloader::Reload().
  Reloader::Result Reload(Reloader::IfUnderWay if_under_way) {
    return reloader_.Reload(if_under_way);
  }

 private:
  http::Endpoints Endpoints(const config::Config& config);
  http::Response Reload(bool enabled);
  http::Response Ready(const http::Request& request) const;
  metrics::ExporterStats Stats() const;

  // Has the database tell the reloader of refused logins while it lives.
  class AuthWatch {
   public:
    AuthWatch(database::Database& database, Reloader& reloader);
    ~AuthWatch();
    AuthWatch(const AuthWatch&) = delete;
    AuthWatch& operator=(const AuthWatch&) = delete;

   private:
    database::Database& database_;
  };

  // Leaves the files that a configuration needs to what is not HTTP.
  void ReserveFiles(const config::Config& config);

  mutable base::Mutex mutex_;
  // Null until the server is constructed, which serves before its constructor returns, and from the
  // beginning of its end.
  http::Server* serving_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  const std::shared_ptr<database::Runtime> runtime_;
  database::Database database_;
  Reloader reloader_;
  AuthWatch auth_watch_;
  metrics::Exposition exposition_;
  // Last: its handlers use everything above.
  std::unique_ptr<http::Server> server_;
};

}  // namespace scidex::app
