// The exporter: a Database, its metrics, and the HTTP server that shows them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/reloader.h"
#include "app/service_report.h"
#include "app/textfile.h"
#include "base/mutex.h"
#include "base/service_manager.h"
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

// Throws config::ConfigError where the metrics would go nowhere.
void CheckOutputs(const config::Config& config);

// Adds what is allowed but unwise, and stands in other files than the configuration's.
void AddWarnings(config::Config& config);

// What is allowed but unwise.
void LogWarnings(const config::Config& config);

// What has started this process, and wants to hear of it.
struct Service {
  base::ServiceManager manager;
  // How often it wants to hear of progress, if it does.
  std::optional<base::Duration> watchdog;
};

// By what the environment says.
Service ServiceOf(const config::Environment& environment);

// Thread safe.
class Exporter {
 public:
  // Serves, unless it listens nowhere, when this returns, whether or not a database answers. The
  // configuration has passed Check. Throws http::ServerError when an address cannot be listened on.
  // `load` reads the configuration again.
  Exporter(const config::Config& config, Reloader::Load load,
           std::shared_ptr<database::Runtime> runtime,
           std::shared_ptr<const Service> service = std::make_shared<Service>());
  // Stops serving, then closes the pools.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Tells the service manager that the exporter is ready, and from then on how it is. `config` is
  // that of the constructor. To be called once.
  void StartReport(const config::Config& config);

  // The exposition for who does not scrape: without what tells of the process. `written` is the
  // time that it says it was written at. One at a time.
  std::string RenderForFile(base::WallTime written);
  // A first verdict is in on each server that is configured.
  bool HasVerdicts() const;

  // As Reloader::Reload().
  Reloader::Result Reload(Reloader::IfUnderWay if_under_way) {
    return reloader_.Reload(if_under_way);
  }

 private:
  http::Endpoints Endpoints(const config::Config& config);
  http::Response Reload(bool enabled);
  http::Response Ready(const http::Request& request) const;
  metrics::ExporterStats Stats() const;
  std::string Status() const;
  void StartServer(const config::Config& config);
  void StartTextfile(const config::Config& config);
  void StopTextfile();
  void Announce(Reloader::Phase phase);

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
  // Null until the report is there, and from the beginning of its end.
  ServiceReport* reporting_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  // Null until the server is constructed, which serves before its constructor returns, and from the
  // beginning of its end.
  http::Server* serving_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  const std::shared_ptr<database::Runtime> runtime_;
  const std::shared_ptr<const Service> service_;
  database::Database database_;
  Reloader reloader_;
  AuthWatch auth_watch_;
  metrics::Exposition exposition_;
  // Null until it is asked for. With what the file that is being rendered says of itself, used by
  // RenderForFile() alone.
  std::unique_ptr<metrics::Exposition> file_exposition_;
  base::WallTime file_written_{};
  const bool has_primary_;
  const bool has_replica_;
  // Null where there is none.
  std::unique_ptr<Textfile> textfile_ SCIDEX_GUARDED_BY(mutex_);
  // Null where it does not listen. Its handlers use everything above.
  std::unique_ptr<http::Server> server_;
  // Last: it asks all of them.
  std::unique_ptr<ServiceReport> report_;
};

}  // namespace scidex::app
