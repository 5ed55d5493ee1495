// The exporter: a Database, its metrics, and the HTTP server that shows them.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "app/database.h"
#include "app/reloader.h"
#include "base/time.h"
#include "config/config.h"
#include "http/message.h"
#include "http/server.h"
#include "metrics/exposition.h"
#include "metrics/snapshot.h"

namespace scidex::app {

// What the configuration says of the database, as the pool layer takes it.
DatabaseOptions DatabaseOptionsOf(const config::Config& config);

// What --config.check is for: whatever of a start can be tried without starting. Throws
// config::ConfigError and http::ServerError, which name the place.
void Check(const config::Config& config);

// Thread safe.
class Exporter {
 public:
  // Serves when this returns, whether or not a database answers. The configuration has passed
  // Check. Throws http::ServerError when an address cannot be listened on.
  // `load` reads the configuration anew.
  Exporter(const config::Config& config, Reloader::Load load);
  // Stops serving, then closes the pools.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // As Reloader::Reload().
  std::optional<std::string> Reload() { return reloader_.Reload(); }

 private:
  http::Endpoints Endpoints(const config::Config& config);
  http::Response Reload(bool enabled);
  http::Response Ready(const http::Request& request) const;
  metrics::ExporterStats Stats() const;

  // First: the database calls on it until its end.
  Reloader reloader_;
  Database database_;
  metrics::Exposition exposition_;
  // Null until the server is constructed: it serves before its constructor returns.
  std::atomic<http::Server*> serving_{nullptr};
  // Last: its handlers use everything above.
  std::unique_ptr<http::Server> server_;
};

}  // namespace scidex::app
