// Everything that the exporter is told: defaults, then the file, then the environment, validated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "control/options.h"
#include "http/options.h"
#include "pool/options.h"
#include "postgres/options.h"
#include "routing/options.h"

namespace scidex::config {

// What is wrong, in one line: "FILE:LINE: KEY: what is there; what would be right". Never holds a
// secret.
class ConfigError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Config {
  http::ServerOptions web;
  std::string telemetry_path = "/metrics";
  // Empty: no TLS, no users.
  std::string web_config_file;
  // POST /-/reload is served.
  bool enable_lifecycle = false;
  base::LogOptions log;
  // For node_exporter's textfile collector. Empty: no such file.
  std::string textfile_path;
  base::Duration textfile_interval = std::chrono::seconds(15);

  // read_only is left to whoever makes the pools. The primary is there unless a replica's DSN is
  // the only one; the replica is there if it has a DSN.
  std::optional<postgres::SessionOptions> primary = postgres::SessionOptions{};
  std::optional<postgres::SessionOptions> replica;
  // Where each DSN was given, for errors: a line and key of the file or a variable of the
  // environment.
  std::string primary_dsn_source = "primary.dsn";
  std::string replica_dsn_source = "replica.dsn";

  pool::PoolOptions primary_pool;
  pool::PoolOptions ro_pool;
  pool::PoolOptions ro_fallthrough_pool;
  std::size_t connects_per_server = 4;
  routing::RoutingOptions read_only;
  control::ProbeOptions probe;
  control::PoolLoggerOptions pool_logger;
  control::AutoscalerOptions autoscaler;
  // The file's, and those of the sets.
  std::vector<control::QueryOptions> queries;
  // How long an orderly end may take before the process ends without order.
  base::Duration shutdown_timeout = std::chrono::seconds(10);

  // Of what the keys say, but for those that are secret.
  std::uint64_t hash = 0;
  // What is allowed but unwise, for the log.
  std::vector<std::string> warnings;
  // SQL that the grammar of this program does not know, though a newer server may: for the log, and
  // errors of a check.
  std::vector<std::string> unknown_sql;

  Config();
};

// Whether metrics can be there: it begins with / and is none of the server's other paths.
bool IsTelemetryPath(const std::string& path);

// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// The process's own environment.
std::optional<std::string> ProcessEnvironment(const char* name);

// An empty `path` is no file. Throws ConfigError.
Config Load(const std::string& path, const Environment& environment);

}  // namespace scidex::config
