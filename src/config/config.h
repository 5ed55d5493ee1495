// The complete configuration: defaults, then the file, then the environment, validated.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "database/options.h"
#include "http/options.h"

namespace scidex::config {

// The message is one line: "FILE:LINE: KEY: what is wrong; what to write". Never contains a secret.
class ConfigError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Config {
  http::ServerOptions web;
  std::string telemetry_path = "/metrics";
  // Empty: no TLS, no users.
  std::string web_config_file;
  // Whether POST /-/reload is enabled.
  bool enable_lifecycle = false;
  base::LogOptions log;
  // A file for node_exporter's textfile collector. Empty: none.
  std::string textfile_path;
  base::Duration textfile_interval = std::chrono::seconds(15);

  // `primary` is set unless only the replica has a DSN; `replica` is set if it has a DSN. The
  // queries are those of the file and of the query sets.
  database::DatabaseOptions database;
  // Where each key was set, for errors: "FILE:LINE: KEY", an environment variable or a flag.
  std::map<std::string, std::string> sources;
  // Returns the key itself if it was not set.
  const std::string& SourceOf(const std::string& key) const;

  // Timeout of a graceful shutdown; then the process is terminated.
  base::Duration shutdown_timeout = std::chrono::seconds(10);

  // Hash of all values that are not secret.
  std::uint64_t hash = 0;
  // Hash of each key and each query (as queries.NAME), including secret ones: they name the
  // differences between two configurations without revealing values.
  std::map<std::string, std::uint64_t> fingerprints;
  // Settings that are valid but unwise; logged.
  std::vector<std::string> warnings;
  // SQL that the built-in grammar does not know, although a newer server may: logged, and errors of
  // a configuration check.
  std::vector<std::string> unknown_sql;
};

// The keys whose values differ, in order, such as "pools.ro.max_size".
std::vector<std::string> ChangedKeys(const Config& from, const Config& to);

// Returns whether metrics can be served at `path`: it must begin with /, differ from the server's
// other paths, and be such that clients send it unchanged.
bool IsTelemetryPath(const std::string& path);

// Returns whether a Host header can name `host`: it is not empty, and has no port.
bool IsHostName(const std::string& host);

// Returns the value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// The environment of this process.
std::optional<std::string> ProcessEnvironment(const char* name);

// If `path` is empty, no file is read. Throws ConfigError.
Config Load(const std::string& path, const Environment& environment);

}  // namespace scidex::config
