// Command-line flags.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "routing/route.h"

namespace scidex::app {

struct CommandLine {
  // Empty if no file was given.
  std::string config_file;
  // Check the configuration and exit.
  bool config_check = false;
  // With config_check: whether only what prevents a start is an error, and whether to run each
  // query once.
  bool startup = false;
  bool connect = false;
  // Tell the exporter with this process id to reload, and exit.
  std::optional<int> reload;
  // Ask a running exporter whether it is ready, and exit. If the list is not empty, the route must
  // be one of it.
  std::optional<std::vector<routing::Route>> probe_ready;
  base::Duration probe_timeout = std::chrono::seconds(5);
  // Print one exposition, at the latest after once_timeout, and exit.
  bool once = false;
  base::Duration once_timeout = std::chrono::seconds(10);
  // Override the environment and the file if given. Empty listen addresses are dropped; if no other
  // remains, the exporter does not listen.
  std::vector<std::string> listen_addresses;
  std::vector<std::string> allowed_hosts;
  std::optional<std::string> telemetry_path;
  std::optional<std::string> web_config_file;
  bool enable_lifecycle = false;
  std::optional<int> max_requests;
  std::optional<std::string> textfile_path;
  std::optional<base::Duration> textfile_interval;
  std::optional<base::LogLevel> log_level;
  std::optional<base::LogFormat> log_format;
  std::optional<base::Journald> log_journald;

  // The output of --help or --version. If not empty, print it and exit successfully.
  std::string print;
  // One line. If not empty, all other members are meaningless.
  std::string error;
};

// Neither prints nor exits: what is wrong with the flags is in CommandLine::error.
CommandLine ParseCommandLine(int argc, const char* const* argv);

// Overrides `config` with the flags that were given.
void ApplyFlags(const CommandLine& flags, config::Config& config);

}  // namespace scidex::app
