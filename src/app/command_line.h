// The flags of the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"

namespace scidex::app {

struct CommandLine {
  // Empty: no file.
  std::string config_file;
  // Check the configuration instead of serving.
  bool config_check = false;
  // What wins over environment and file, where it was given.
  std::vector<std::string> listen_addresses;
  std::vector<std::string> allowed_hosts;
  std::optional<std::string> telemetry_path;
  std::optional<std::string> web_config_file;
  bool enable_lifecycle = false;
  std::optional<int> max_requests;
  std::optional<base::LogLevel> log_level;
  std::optional<base::LogFormat> log_format;

  // For --help and --version: what to print before ending with success.
  std::string print;
  // What is wrong, in one line; everything else is then meaningless.
  std::string error;
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

// The flags win over what `config` has.
void ApplyFlags(const CommandLine& flags, config::Config& config);

}  // namespace scidex::app
