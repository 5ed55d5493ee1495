// The flags of the process.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum.h"
#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "routing/route.h"

namespace scidex::app {

enum class SyntaxIs { kError, kWarn };

}  // namespace scidex::app

template <>
struct scidex::base::EnumNames<scidex::app::SyntaxIs> {
  static constexpr std::array<std::string_view, 2> kNames{"error", "warn"};
};

namespace scidex::app {

struct CommandLine {
  // Empty: no file.
  std::string config_file;
  // Check the configuration instead of serving.
  bool config_check = false;
  // Of a check: what SQL is that PostgreSQL's grammar does not know, and whether to run the
  // queries.
  SyntaxIs syntax = SyntaxIs::kError;
  bool connect = false;
  // Ask the exporter of this process id to reload instead of serving.
  std::optional<int> reload;
  // Ask a running exporter whether it is ready, with one of these routes if there are any, instead
  // of serving.
  std::optional<std::vector<routing::Route>> probe_ready;
  base::Duration probe_timeout = std::chrono::seconds(5);
  // Print one exposition, with what is known after that time, instead of serving.
  bool once = false;
  base::Duration once_timeout = std::chrono::seconds(10);
  // What wins over environment and file, where it was given.
  // Empty texts are left out; where there is no other, the exporter listens nowhere.
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

  // For --help and --version: what to print before ending with success.
  std::string print;
  // What is wrong, in one line; everything else is then meaningless.
  std::string error;
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

// The flags win over what `config` has.
void ApplyFlags(const CommandLine& flags, config::Config& config);

}  // namespace scidex::app
