// The exporter: a Database, its metrics, and the HTTP server that exports them.
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

// The service manager that started this process, if any.
struct Service {
  base::ServiceManager manager;
  // The interval within which it expects a notification of progress, if any.
  std::optional<base::Duration> watchdog;
};

// Reads NOTIFY_SOCKET and the WATCHDOG_ variables.
Service ServiceOf(const config::Environment& environment);

// Thread-safe.
class Exporter {
 public:
  // Serves when it returns, unless there is no listen address, whether or not a database answers.
  // The configuration must have passed Check(). Throws http::ServerError if it cannot listen on an
  // address. `load` reads the configuration again for a reload.
  Exporter(const config::Config& config, Reloader::Load load,
           std::shared_ptr<database::Runtime> runtime,
           std::shared_ptr<const Service> service = std::make_shared<Service>());
  // Stops the HTTP server, then closes the pools.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Logs the addresses, and notifies the service manager that the exporter is ready, and from then
  // on of its status.
  // `config` must be that of the constructor. Call it once.
  void StartReport(const config::Config& config);

  // Returns the exposition for a file, without the metrics of the process. `written` is the
  // reported time of writing. Not thread-safe.
  std::string RenderForFile(base::WallTime written);
  // Whether each configured server has a first verdict.
  bool HasVerdicts() const;

  // See Reloader::Reload().
  Reloader::Result Reload(Reloader::IfUnderWay if_under_way) {
    return reloader_.Reload(if_under_way);
  }

 private:
  // Creates the parts without starting any.
  struct NotStarted {};
  Exporter(NotStarted, const config::Config& config, Reloader::Load load,
           std::shared_ptr<database::Runtime> runtime, std::shared_ptr<const Service> service);

  http::Endpoints Endpoints(const config::Config& config);
  http::Response Reload(bool enabled);
  http::Response Ready(const http::Request& request) const;
  metrics::ExporterStats Stats() const;
  std::string Status() const;
  void StartServer(const config::Config& config);
  void StartTextfile(const config::Config& config);
  void Announce(Reloader::Phase phase);

  // Makes the database report refused logins to the reloader during its lifetime.
  class AuthWatch {
   public:
    AuthWatch(database::Database& database, Reloader& reloader);
    ~AuthWatch();
    AuthWatch(const AuthWatch&) = delete;
    AuthWatch& operator=(const AuthWatch&) = delete;

   private:
    database::Database& database_;
  };

  // Throws if the server refuses the web configuration file as it is now.
  void CheckServer() const;
  // Reserves the files that a configuration needs from the limit of HTTP clients. Throws if the
  // limit is too low, unless these files are already reserved.
  void ReserveFiles(const config::Config& config);

  // Not mutex_, which requests need: the service manager may be slow to take a notification.
  base::Mutex report_mutex_;
  // Null before the report is created, and while it is destroyed.
  ServiceReport* reporting_ SCIDEX_GUARDED_BY(report_mutex_) = nullptr;
  // Guarded by mutex_: what requests and reloads may use while it is created or destroyed.
  mutable base::Mutex mutex_;
  // Null until the server's constructor returns (it serves before), and while it is destroyed.
  http::Server* serving_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
  // Null before the file is started, and while its writer is destroyed.
  Textfile* writing_ SCIDEX_GUARDED_BY(mutex_) = nullptr;

  // In the order of construction: each may use those above.
  const std::shared_ptr<database::Runtime> runtime_;
  const std::shared_ptr<const Service> service_;
  database::Database database_;
  Reloader reloader_;
  AuthWatch auth_watch_;
  metrics::Exposition exposition_;
  const bool has_primary_;
  const bool has_replica_;
  // Only RenderForFile() accesses these two. The exposition is created when first needed.
  std::unique_ptr<metrics::Exposition> file_exposition_;
  base::WallTime file_written_{};
  // Null if not configured.
  std::unique_ptr<Textfile> textfile_;
  // Null if the exporter does not listen.
  std::unique_ptr<http::Server> server_;
  // Null before StartReport().
  std::unique_ptr<ServiceReport> report_;
};

}  // namespace scidex::app
