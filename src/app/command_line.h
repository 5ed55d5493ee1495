// The flags of the process.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum.h"
#include "base/log.h"
#include "config/config.h"

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
