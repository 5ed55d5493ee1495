#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <limits>
#include <sstream>
#include <string_view>
#include <utility>

#include "app/version.h"
#include "base/enum.h"
#include "base/quoted.h"
#include "config/duration.h"

namespace scidex::app {
namespace {

constexpr const char* kDescription =
    "Prometheus exporter that owns PostgreSQL connection pools and reports where read-only "
    "traffic goes.";

constexpr const char* kFooter =
    "\nEnvironment:\n"
    "  SCIDEX_PG_DSN                 DSN of the primary (default: libpq's own defaults; no primary "
    "if only the replica has a DSN)\n"
    "  SCIDEX_PG_RO_DSN              DSN of the replica (default: no replica)\n"
    "  SCIDEX_PG_POOL_LOG_INTERVAL   seconds between two log entries with the numbers of the pools "
    "(default: 3600)\n"
    "\nFlags override the environment, the environment overrides the file, and the file overrides "
    "the defaults.";

template <typename E>
std::vector<std::string> Names() {
  const auto& names = base::EnumNames<E>::kNames;
  return {names.begin(), names.end()};
}

template <typename E>
void AddEnum(CLI::App& app, const std::string& flag, const std::string& help,
             std::optional<E>& target) {
  app.add_option_function<std::string>(
         flag, [&target](const std::string& name) { target = base::ParseEnum<E>(name); }, help)
      ->check(CLI::IsMember(Names<E>()));
}

// No parts if the text is empty, as for a flag without a value.
std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  std::stringstream stream(text + ',');
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::string RoutesError(const std::string& names) {
  for (const std::string& name : SplitAtCommas(names)) {
    if (!base::ParseEnum<routing::Route>(name))
      return "must be one of " + base::JoinedNames<routing::Route>() +
             ", or several separated by commas";
  }
  return "";
}

std::vector<routing::Route> RoutesOf(const std::vector<std::string>& texts) {
  std::vector<routing::Route> routes;
  for (const std::string& text : texts) {
    for (const std::string& name : SplitAtCommas(text))
      routes.push_back(*base::ParseEnum<routing::Route>(name));
  }
  return routes;
}

// `target` is a Duration, or an optional one.
template <typename Target>
void AddDuration(CLI::App& app, const std::string& flag, const std::string& help, Target& target,
                 base::Duration least = std::chrono::milliseconds(1),
                 base::Duration most = std::chrono::hours(24)) {
  app.add_option_function<std::string>(
         flag, [&target](const std::string& text) { target = *config::ParseDuration(text); }, help)
      ->type_name("DURATION")
      ->check([least, most](const std::string& text) -> std::string {
        const auto duration = config::ParseDuration(text);
        if (duration && *duration >= least && *duration <= most) return "";
        return "must be a duration from " + config::FormatDuration(least) + " to " +
               config::FormatDuration(most) + ", such as 5s";
      });
}

// The names of the unknown flags, without their values, which may be passwords.
std::string UnknownArguments(const std::vector<std::string>& arguments) {
  std::string names;
  for (const std::string& argument : arguments) {
    if (!argument.starts_with('-')) continue;
    // A single hyphen is followed by a letter, and that by its value.
    const bool is_long = argument.starts_with("--");
    const std::string name = argument.substr(0, is_long ? argument.find('=') : 2);
    constexpr const char* kOfNames =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const bool is_name = name.find_first_not_of(kOfNames) == std::string::npos;
    names.append(names.empty() ? "" : ", ").append(is_name ? name : "(not shown)");
  }
  if (!names.empty()) return "unknown flag " + names;
  const bool shown = arguments.size() == 1 && !base::MayHoldASecret(arguments.front());
  return shown ? base::Quoted(arguments.front()) + " is not a flag" : "an argument is not a flag";
}

// Returns the arguments from last to first, as CLI11 expects them. CLI11 would take the argument
// after "--flag=" as its value, instead of an empty one.
std::vector<std::string> WithEmptyValues(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    if (argument.starts_with("--") && argument.ends_with('=')) {
      arguments.emplace_back();
      argument.pop_back();
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

// Replaces values that may be connection strings.
std::string WithoutSecrets(std::string text, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    std::string value = argv[i];
    if (value.starts_with("--")) value.erase(0, std::min(value.find('='), value.size() - 1) + 1);
    const std::size_t at = value.empty() ? std::string::npos : text.find(value);
    if (at != std::string::npos && base::MayHoldASecret(value))
      text.replace(at, value.size(), "the value");
  }
  return text;
}

std::string FirstLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void AddConfigFlags(CLI::App& app, CommandLine& flags) {
  app.add_option("--config.file", flags.config_file, "configuration file in YAML (default: none)")
      ->type_name("FILE");
  app.add_flag("--config.check", flags.config_check,
               "check the configuration and exit: with 0 if it is valid, with 1 otherwise");
  app.add_flag(
      "--config.check.startup", flags.startup,
      "with --config.check: exit with 0 if the exporter would start with this configuration; "
      "problems that do not prevent a start (SQL that the built-in PostgreSQL grammar rejects, an "
      "unreadable password file) are only warnings. Does not try to listen");
  app.add_flag(
      "--config.check.connect", flags.connect,
      "with --config.check: also run each query once, print its columns and their use, and exit "
      "with 1 if a query fails");
  app.add_option(
         "--config.reload", flags.reload,
         "ask the exporter with this process ID to reload its configuration, wait for the result, "
         "and exit: with 0 if the new configuration is in force, with 1 otherwise")
      ->type_name("PID")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
}

void AddProbeFlags(CLI::App& app, CommandLine& flags) {
  app.add_option_function<std::vector<std::string>>(
         "--probe.ready",
         [&flags](const std::vector<std::string>& names) { flags.probe_ready = RoutesOf(names); },
         "ask the exporter that runs with the same flags whether it is ready, print the answer, "
         "and "
         "exit: with 0 if it is ready, with 1 otherwise; with ROUTE (replica, primary_fallthrough, "
         "primary_disabled, or several separated by commas), with 0 only if reads have that route")
      ->type_name("[ROUTE]")
      ->expected(0, 1)
      ->check([](const std::string& names) { return RoutesError(names); });
  AddDuration(app, "--probe.timeout",
              "timeout of --probe.ready, which waits for the first verdict on the replica "
              "(default: 5s)",
              flags.probe_timeout);
}

void AddWebFlags(CLI::App& app, CommandLine& flags) {
  app.add_option(
         "--web.listen-address", flags.listen_addresses,
         "address to listen on: host:port, [IPv6]:port, or :port for every address; repeatable; "
         "empty: do not listen (default: :19187)")
      ->type_name("ADDRESS")
      ->expected(1)
      ->take_all();
  app.add_option("--web.allowed-hosts", flags.allowed_hosts,
                 "host name that is accepted in the Host header, in addition to the exporter's "
                 "addresses; repeatable (default: any name)")
      ->type_name("HOST")
      ->expected(1)
      ->take_all();
  app.add_option("--web.telemetry-path", flags.telemetry_path,
                 "URL path of the metrics (default: /metrics)")
      ->type_name("PATH");
  app.add_option("--web.config.file", flags.web_config_file,
                 "file with TLS settings, users and headers, in the format of Prometheus's "
                 "exporters (default: none)")
      ->type_name("FILE");
  app.add_option(
         "--web.max-requests", flags.max_requests,
         "maximum number of requests answered at the same time, at most 1000; eight times as many "
         "wait, for up to 250 ms, and further ones get 503; 0: 16 at the same time, and further "
         "ones wait without limit (default: 16)")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--web.enable-lifecycle", flags.enable_lifecycle,
               "reload the configuration also on POST /-/reload (default: only on SIGHUP)");
}

// Outputs other than HTTP.
void AddOutputFlags(CLI::App& app, CommandLine& flags) {
  AddDuration(app, "--textfile.interval",
              "interval between writes of --textfile.path, from 1s to 1m (default: 15s)",
              flags.textfile_interval, std::chrono::seconds(1), std::chrono::minutes(1));
  app.add_option("--textfile.path", flags.textfile_path,
                 "file to maintain for node_exporter's textfile collector; its name must end in "
                 ".prom (default: none)")
      ->type_name("FILE");
  app.add_flag("--once", flags.once,
               "print the metrics, without process_*, when the state of each server is known, and "
               "exit with 0; do not listen");
  AddDuration(app, "--once.timeout",
              "timeout of --once; when it expires, --once prints what is known and exits with 2 "
              "(default: 10s)",
              flags.once_timeout);
}

void AddLogFlags(CLI::App& app, CommandLine& flags) {
  AddEnum(app, "--log.level", "log only lines of this level and above (default: info)",
          flags.log_level);
  AddEnum(app, "--log.format", "format of the log lines (default: logfmt)", flags.log_format);
  AddEnum(app, "--log.journald",
          "format log lines for systemd's journal: prefixed with a level, without a time; auto: if "
          "standard error is connected to the journal (default: auto)",
          flags.log_journald);
}

void Parse(CLI::App& app, int argc, const char* const* argv, CommandLine& flags) {
  try {
    app.parse(WithEmptyValues(argc, argv));
  } catch (const CLI::CallForHelp&) {
    flags.print = app.help();
  } catch (const CLI::ExtrasError&) {
    flags.error = UnknownArguments(app.remaining()) + "; --help lists the flags";
  } catch (const CLI::ParseError& error) {
    flags.error = FirstLine(WithoutSecrets(error.what(), argc, argv)) + "; --help lists the flags";
  }
}

// Whether a flag whose value may be omitted has an empty one, which CLI11 does not distinguish.
bool HasEmptyValue(const std::string& flag, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == flag + '=') return true;
    if (argv[i] == flag && i + 1 < argc && std::string_view(argv[i + 1]).empty()) return true;
  }
  return false;
}

// Checks what CLI11 does not pass to a check, or accepts.
void CheckValues(const CLI::App& app, int argc, const char* const* argv, CommandLine& flags) {
  for (const auto& [flag, value] :
       {std::pair{"--config.file", app.count("--config.file") > 0 && flags.config_file.empty()},
        std::pair{"--web.config.file",
                  flags.web_config_file.has_value() && flags.web_config_file->empty()},
        std::pair{"--textfile.path",
                  flags.textfile_path.has_value() && flags.textfile_path->empty()}}) {
    // Probably an unset variable. Without a web configuration file, no login would be required.
    if (value) flags.error = std::string(flag) + ": is empty; write a path, or omit the flag";
  }
  if (HasEmptyValue("--probe.ready", argc, argv))
    flags.error = "--probe.ready: is empty; write a route, or omit the value";
  if (!std::ranges::all_of(flags.allowed_hosts, &config::IsHostName)) {
    flags.error =
        "--web.allowed-hosts: must be a host name without a port, for example exporter.example";
  }
  if (flags.telemetry_path && !config::IsTelemetryPath(*flags.telemetry_path)) {
    flags.error =
        "--web.telemetry-path: must begin with /, need no encoding in a URL and differ from the "
        "server's other paths, for example /metrics";
  }
}

void CheckCombinations(CommandLine& flags) {
  if (flags.error.empty() && !flags.config_check && (flags.connect || flags.startup)) {
    flags.error = std::string(flags.connect ? "--config.check.connect" : "--config.check.startup") +
                  ": requires --config.check";
  }
  if (flags.error.empty() && flags.once && flags.textfile_path)
    flags.error = "--once: cannot be used with --textfile.path";
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  CommandLine flags;
  bool version = false;
  CLI::App app(kDescription, "scidex_pg_exporter");
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "print this help and exit");
  AddConfigFlags(app, flags);
  AddProbeFlags(app, flags);
  AddWebFlags(app, flags);
  AddOutputFlags(app, flags);
  AddLogFlags(app, flags);
  app.add_flag("--version", version, "print the version and exit");
  Parse(app, argc, argv, flags);
  if (flags.error.empty()) CheckValues(app, argc, argv, flags);
  CheckCombinations(flags);
  if (version) flags.print = VersionText() + "\n";
  return flags;
}

void ApplyFlags(const CommandLine& flags, config::Config& config) {
  if (!flags.listen_addresses.empty()) {
    config.web.listen_addresses = flags.listen_addresses;
    std::erase(config.web.listen_addresses, "");
    config.sources["web.listen_addresses"] = "--web.listen-address";
  }
  if (!flags.allowed_hosts.empty()) config.web.allowed_hosts = flags.allowed_hosts;
  if (flags.telemetry_path) config.telemetry_path = *flags.telemetry_path;
  if (flags.web_config_file) config.web_config_file = *flags.web_config_file;
  if (flags.enable_lifecycle) config.enable_lifecycle = true;
  if (flags.max_requests) config.web.max_requests = *flags.max_requests;
  if (flags.textfile_path) {
    config.textfile_path = *flags.textfile_path;
    config.sources["textfile.path"] = "--textfile.path";
  }
  if (flags.textfile_interval) config.textfile_interval = *flags.textfile_interval;
  if (flags.log_level) config.log.level = *flags.log_level;
  if (flags.log_format) config.log.format = *flags.log_format;
  if (flags.log_journald) config.log.journald = *flags.log_journald;
}

}  // namespace scidex::app
