#include "app/exporter.h"

#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "app/file_budget.h"
#include "app/version.h"
#include "app/web_options.h"
#include "base/log.h"
#include "http/accept.h"
#include "http/codes.h"
#include "metrics/collectors.h"
#include "metrics/text_exposition.h"
#include "status/page.h"
#include "status/page_script.h"
#include "status/page_style.h"
#include "status/pools_json.h"
#include "status/ready.h"

namespace scidex::app {
namespace {

// Logs the actual port instead of 0.
void LogListening(const std::vector<std::string>& addresses, const std::vector<int>& ports,
                  bool tls) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string& address = addresses[i];
    base::LogInfo("listening", {{"address", address.substr(0, address.rfind(':') + 1) +
                                                std::to_string(ports[i])},
                                {"tls", tls}});
  }
}

// The interval between the ends of two runs of a probe, plus the time that a run may take until it
// finds that its server does not answer.
base::Duration ProbeWithin(const config::Config& config) {
  return config.database.probe.interval + 2 * config.database.probe.timeout;
}

http::Response Of(std::string content_type, std::string body) {
  http::Response response;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

// Not cached: a page does not work with the script of another version.
http::Response PartOfPage(std::string content_type, std::string_view body) {
  http::Response response = Of(std::move(content_type), std::string(body));
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

}  // namespace

Service ServiceOf(const config::Environment& environment) {
  Service service;
  try {
    service.manager = base::ServiceManager(environment("NOTIFY_SOCKET").value_or(""));
  } catch (const std::runtime_error& error) {
    base::LogWarn("the service manager cannot be notified", {{"error", error.what()}});
  }
  try {
    service.watchdog = base::WatchdogInterval(environment("WATCHDOG_USEC").value_or(""),
                                              environment("WATCHDOG_PID").value_or(""), getpid());
  } catch (const std::runtime_error& error) {
    base::LogWarn("the service manager's watchdog is not notified", {{"error", error.what()}});
  }
  return service;
}

Exporter::AuthWatch::AuthWatch(database::Database& database, Reloader& reloader)
    : database_(database) {
  database_.SetOnAuthFailed([&reloader] { reloader.RereadCredentials(); });
}

Exporter::AuthWatch::~AuthWatch() { database_.SetOnAuthFailed({}); }

Exporter::Exporter(NotStarted, const config::Config& config, Reloader::Load load,
                   std::shared_ptr<database::Runtime> runtime,
                   std::shared_ptr<const Service> service)
    : runtime_(std::move(runtime)),
      service_(std::move(service)),
      database_(config.database, runtime_),
      reloader_(
          config, std::move(load), [this] { CheckServer(); },
          [this](const config::Config& next) {
            ReserveFiles(next);
            database_.Reconfigure(next.database);
            base::ConfigureLog(next.log);
            const base::MutexLock lock(report_mutex_);
            if (reporting_ != nullptr) reporting_->SetProbeWithin(ProbeWithin(next));
          },
          [this](Reloader::Phase phase) { Announce(phase); }, runtime_->scheduler),
      auth_watch_(database_, reloader_),
      has_primary_(config.database.primary.has_value()),
      has_replica_(config.database.replica.has_value()) {
  metrics::AddCollectors(exposition_,
                         {[this] { return database_.stats(); }, [this] { return Stats(); }});
}

// Delegates, so that the destructor runs if a part cannot be started: requests and reloads may
// already be in progress then.
Exporter::Exporter(const config::Config& config, Reloader::Load load,
                   std::shared_ptr<database::Runtime> runtime,
                   std::shared_ptr<const Service> service)
    : Exporter(NotStarted{}, config, std::move(load), std::move(runtime), std::move(service)) {
  if (!config.web.listen_addresses.empty()) StartServer(config);
  StartTextfile(config);
  database_.start_pool_logger();
}

Exporter::~Exporter() {
  {
    const base::MutexLock lock(report_mutex_);
    reporting_ = nullptr;
  }
  report_.reset();
  {
    const base::MutexLock lock(mutex_);
    writing_ = nullptr;
  }
  // Without the lock, because its last run calls Stats().
  textfile_.reset();
  {
    // A reload uses the server.
    const base::MutexLock lock(mutex_);
    serving_ = nullptr;
  }
  server_.reset();
}

void Exporter::StartServer(const config::Config& config) {
  server_ =
      std::make_unique<http::Server>(WebOptionsOf(config), Endpoints(config), WebConfigOf(config));
  {
    const base::MutexLock lock(mutex_);
    serving_ = server_.get();
  }
}

void Exporter::StartTextfile(const config::Config& config) {
  if (config.textfile_path.empty()) return;
  textfile_ = std::make_unique<Textfile>(
      config.textfile_path, config.textfile_interval,
      [this](base::WallTime written) { return RenderForFile(written); }, runtime_->scheduler);
  {
    const base::MutexLock lock(mutex_);
    writing_ = textfile_.get();
  }
  textfile_->Start();
}

std::string Exporter::RenderForFile(base::WallTime written) {
  file_written_ = written;
  if (file_exposition_ == nullptr) {
    auto exposition = std::make_unique<metrics::Exposition>();
    const auto exporter = [this] {
      metrics::ExporterStats stats = Stats();
      stats.textfile_written = file_written_;
      return stats;
    };
    metrics::AddCollectors(*exposition, {[this] { return database_.stats(); }, exporter, {}});
    file_exposition_ = std::move(exposition);
  }
  return file_exposition_->Render();
}

bool Exporter::HasVerdicts() const {
  const database::DatabaseStats stats = database_.stats();
  const base::WallTime asked = stats.control.probes[routing::PoolRole::kPrimary].last_run;
  return (asked != base::WallTime{} || !has_primary_) &&
         (stats.pools.route.decided || !has_replica_);
}

void Exporter::StartReport(const config::Config& config) {
  if (server_) LogListening(config.web.listen_addresses, server_->ports(), server_->tls());
  ServiceReport::Sources sources;
  sources.status = [this] { return Status(); };
  if (server_ != nullptr) {
    sources.ask_front = [this](std::function<void()> call) { server_->CallBack(std::move(call)); };
  }
  sources.probe_runs = [] { return base::TaskCountsNow()[base::TaskKind::kProbe].runs; };
  report_ =
      std::make_unique<ServiceReport>(service_->manager, service_->watchdog, ProbeWithin(config),
                                      std::move(sources), runtime_->scheduler);
  const base::MutexLock lock(report_mutex_);
  reporting_ = report_.get();
}

std::string Exporter::Status() const {
  std::string text = status::Ready(database_.stats()).text;
  if (!reloader_.successful()) text += "the latest configuration was refused";
  return text;
}

void Exporter::Announce(Reloader::Phase phase) {
  const base::MutexLock lock(report_mutex_);
  if (reporting_ == nullptr) return;
  if (phase == Reloader::Phase::kBegins) {
    reporting_->OnReloading();
  } else {
    reporting_->OnReloaded();
  }
}

void Exporter::CheckServer() const {
  const base::MutexLock lock(mutex_);
  if (serving_ != nullptr) serving_->CheckWebConfig();
}

void Exporter::ReserveFiles(const config::Config& config) {
  const base::MutexLock lock(mutex_);
  if (serving_ != nullptr) serving_->ReserveFiles(FilesOf(config));
}

metrics::ExporterStats Exporter::Stats() const {
  metrics::ExporterStats stats;
  stats.build = ThisBuild();
  stats.config_last_reload_successful = reloader_.successful();
  stats.config_last_reload_success = reloader_.loaded_at();
  stats.config_hash = reloader_.hash();
  {
    const base::MutexLock lock(mutex_);
    if (serving_ != nullptr) stats.http_requests = serving_->RequestCounts();
    if (writing_ != nullptr) {
      const TextfileStats textfile = writing_->Stats();
      stats.textfile_written = textfile.written;
      stats.textfile_writes = textfile.writes;
      stats.textfile_write_failures = textfile.failures;
    }
  }
  if (stats.http_requests.empty()) {
    for (const http::Code& code : http::kCodes) stats.http_requests.emplace_back(code.number, 0);
  }
  stats.log_messages = base::LogMessageCounts();
  stats.log_messages_dropped = base::LogMessagesDropped();
  stats.local_failures = base::LocalFailureCounts();
  stats.tasks = base::TaskCountsNow();
  return stats;
}

http::Response Exporter::Ready(const http::Request& request) const {
  std::optional<routing::Route> wanted;
  if (const auto route = request.Parameter("route")) {
    wanted = base::ParseEnum<routing::Route>(*route);
    if (!wanted) {
      http::Response refusal =
          Of("text/plain; charset=utf-8",
             "route must be one of replica, primary_fallthrough, primary_disabled\n");
      refusal.code = 400;
      return refusal;
    }
  }
  const status::Readiness ready = status::Ready(database_.stats(), wanted);
  http::Response response = Of("text/plain; charset=utf-8", ready.text);
  response.code = ready.ready ? 200 : 503;
  return response;
}

http::Response Exporter::Reload(bool enabled) {
  http::Response response = Of("text/plain; charset=utf-8", "the configuration was reloaded\n");
  if (!enabled) {
    response.code = 403;
    response.body = "this requires --web.enable-lifecycle; SIGHUP also reloads\n";
    return response;
  }
  const Reloader::Result result = Reload(Reloader::IfUnderWay::kGiveUp);
  switch (result.outcome) {
    case Reloader::Outcome::kReloaded:
      break;
    case Reloader::Outcome::kRefused:
      response.code = 500;
      response.body =
          "the configuration was refused, and the previous one stays in force: " + result.error +
          '\n';
      break;
    case Reloader::Outcome::kUnderWay:
      response.code = 409;
      response.body = "another reload is in progress; try again when it has ended\n";
      break;
  }
  return response;
}

http::Endpoints Exporter::Endpoints(const config::Config& config) {
  using http::Access;
  const std::string& telemetry_path = config.telemetry_path;
  return {
      {telemetry_path,
       [this](const http::Request& request) {
         const std::size_t format =
             http::Preferred(request.ListHeader("Accept"), metrics::kContentTypes);
         http::Response response = Of(std::string(metrics::kContentTypes[format]),
                                      exposition_.Render(static_cast<metrics::TextFormat>(format)));
         response.headers.emplace_back("Vary", "Accept");
         return response;
       }},
      {"/-/healthy",
       {[](const http::Request&) { return Of("text/plain; charset=utf-8", "healthy\n"); },
        Access::kAlways}},
      {"/-/ready",
       {[this](const http::Request& request) { return Ready(request); }, Access::kEveryone}},
      {"/-/reload",
       {[this, enabled = config.enable_lifecycle](const http::Request&) { return Reload(enabled); },
        Access::kUsers, "POST", config.enable_lifecycle}},
      {"/api/v1/pools",
       [this](const http::Request&) {
         return Of("application/json",
                   status::PoolsJson(database_.stats(), base::RealClock().WallNow()));
       }},
      {"/",
       [this,
        options = status::PageOptions{ThisBuild().version, telemetry_path}](const http::Request&) {
         http::Response response =
             Of("text/html; charset=utf-8",
                status::Page(database_.stats(), options, base::RealClock().WallNow()));
         response.headers.emplace_back("Content-Security-Policy", status::kPageSecurityPolicy);
         return response;
       }},
      {std::string(status::kPageStylePath),
       [](const http::Request&) {
         return PartOfPage("text/css; charset=utf-8", status::kPageStyle);
       }},
      {std::string(status::kPageScriptPath),
       [](const http::Request&) {
         return PartOfPage("text/javascript; charset=utf-8", status::kPageScript);
       }},
  };
}

}  // namespace scidex::app
