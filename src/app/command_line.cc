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
    "Prometheus exporter that owns PostgreSQL connection pools and tells where read-only traffic "
    "goes.";

constexpr const char* kFooter =
    "\nEnvironment:\n"
    "  SCIDEX_PG_DSN                 the primary (default: libpq's own defaults)\n"
    "  SCIDEX_PG_RO_DSN              the replica (default: none)\n"
    "  SCIDEX_PG_POOL_LOG_INTERVAL   seconds between two snapshots of the pools in the log "
    "(default: 3600)\n"
    "\nFlags win over the environment, the environment over the file, the file over the defaults.";

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

// A flag without a value has an empty one, and no parts.
std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  std::stringstream stream(text + ',');
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::string WhyNotRoutes(const std::string& names) {
  for (const std::string& name : SplitAtCommas(names)) {
    if (!base::ParseEnum<routing::Route>(name))
      return "must be of " + base::JoinedNames<routing::Route>() + ", with commas between several";
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
    // What follows one hyphen is a letter, and then its value.
    const bool is_long = argument.starts_with("--");
    const std::string name = argument.substr(0, is_long ? argument.find('=') : 2);
    constexpr const char* kOfNames =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const bool is_name = name.find_first_not_of(kOfNames) == std::string::npos;
    names.append(names.empty() ? "" : ", ").append(is_name ? name : "such as one that was given");
  }
  if (!names.empty()) return "there is no flag " + names;
  const bool shown = arguments.size() == 1 && !base::MayHoldASecret(arguments.front());
  return shown ? base::Quoted(arguments.front()) + " is no flag"
               : "there is an argument that is no flag";
}

// In the order that CLI11 takes them in, from the last to the first. For it, a flag that ends in
// "=" has the argument after it as its value, and not an empty one.
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

// What follows a flag is left out where it could be a connection string.
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

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  CommandLine flags;
  bool version = false;
  CLI::App app(kDescription, "scidex_pg_exporter");
  app.footer(kFooter);
  app.add_option("--config.file", flags.config_file, "configuration in YAML (default: none)");
  app.add_flag("--config.check", flags.config_check, "check the configuration and end");
  std::optional<SyntaxIs> syntax;
  AddEnum(app, "--config.check.syntax",
          "what SQL is to a check that PostgreSQL's grammar in this program does not know "
          "(default: error)",
          syntax);
  app.add_flag("--config.check.connect", flags.connect,
               "have a check run each query once, and print its columns and what comes of it");
  app.add_option("--config.reload", flags.reload,
                 "have the exporter of this process id reload, wait for it, and end: with 0 if the "
                 "configuration is in force, with 1 if it was refused")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  app.add_option_function<std::vector<std::string>>(
         "--probe.ready",
         [&flags](const std::vector<std::string>& names) { flags.probe_ready = RoutesOf(names); },
         "ask the exporter that runs with these flags whether it is ready, print the answer, and "
         "end: "
         "with 0 if it is; with ROUTE (replica, primary_fallthrough, primary_disabled, or several "
         "after commas) only if that is the route")
      ->type_name("[ROUTE]")
      ->expected(0, 1)
      ->check([](const std::string& names) { return WhyNotRoutes(names); });
  AddDuration(app, "--probe.timeout", "how long to wait for that answer (default: 5s)",
              flags.probe_timeout);
  app.add_option(
         "--web.listen-address", flags.listen_addresses,
         "host:port, [IPv6]:port or :port; repeatable; empty: listen nowhere (default: :19187)")
      ->expected(1)
      ->take_all();
  app.add_option("--web.allowed-hosts", flags.allowed_hosts,
                 "name of a host by which the exporter may be asked, beside its addresses; "
                 "repeatable (default: any name)")
      ->expected(1)
      ->take_all();
  app.add_option("--web.telemetry-path", flags.telemetry_path,
                 "where the metrics are (default: /metrics)");
  app.add_option("--web.config.file", flags.web_config_file,
                 "TLS, users and headers, as Prometheus's exporters have them (default: none)");
  app.add_option(
         "--web.max-requests", flags.max_requests,
         "requests answered at once; beyond those that wait for a moment, one more gets 503; 0: "
         "no limit (default: 16)")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--web.enable-lifecycle", flags.enable_lifecycle,
               "serve POST /-/reload, as SIGHUP (default: off)");
  AddDuration(app, "--textfile.interval",
              "between two writes of that file, at most 1m (default: 15s)", flags.textfile_interval,
              std::chrono::seconds(1), std::chrono::minutes(1));
  app.add_option("--textfile.path", flags.textfile_path,
                 "file for the textfile collector of node_exporter, whose name ends in .prom "
                 "(default: none)");
  app.add_flag("--once", flags.once,
               "print the metrics once, without those of the process, as soon as each server is "
               "known to answer or not, and end; listen nowhere");
  AddDuration(
      app, "--once.timeout",
      "how long to wait for that; after it, what is known is printed and the exit code is 2 "
      "(default: 10s)",
      flags.once_timeout);
  AddEnum(app, "--log.level", "(default: info)", flags.log_level);
  AddEnum(app, "--log.format", "(default: logfmt)", flags.log_format);
  AddEnum(app, "--log.journald",
          "lines with a level in front of them and without a time, as systemd's journal takes them "
          "(default: auto, where standard error is the journal)",
          flags.log_journald);
  app.add_flag("--version", version, "print the version and end");
  try {
    app.parse(WithEmptyValues(argc, argv));
  } catch (const CLI::CallForHelp&) {
    flags.print = app.help();
  } catch (const CLI::ExtrasError&) {
    flags.error = UnknownArguments(app.remaining()) + "; --help lists the flags";
  } catch (const CLI::ParseError& error) {
    flags.error = FirstLine(WithoutSecrets(error.what(), argc, argv)) + "; --help lists the flags";
  }
  for (const auto& [flag, value] :
       {std::pair{"--config.file", app.count("--config.file") > 0 && flags.config_file.empty()},
        std::pair{"--web.config.file",
                  flags.web_config_file.has_value() && flags.web_config_file->empty()},
        std::pair{"--textfile.path",
                  flags.textfile_path.has_value() && flags.textfile_path->empty()}}) {
    // Most likely a variable that is not set: without a web configuration file, everyone would be
    // let in.
    if (value) flags.error = std::string(flag) + ": is empty; write the path of a file, or no flag";
  }
  // Likewise. CLI11 does not show this value to a check.
  if (std::find(argv, argv + argc, std::string_view("--probe.ready=")) != argv + argc)
    flags.error = "--probe.ready: is empty; write a route, or no =";
  flags.syntax = syntax.value_or(SyntaxIs::kError);
  if (flags.error.empty() && !flags.config_check && (flags.connect || syntax)) {
    flags.error = std::string(flags.connect ? "--config.check.connect" : "--config.check.syntax") +
                  ": needs --config.check";
  }
  if (flags.error.empty() && flags.once && flags.textfile_path)
    flags.error = "--once: writes no file; leave out --textfile.path";
  if (version) flags.print = VersionText() + "\n";
  if (flags.telemetry_path && !config::IsTelemetryPath(*flags.telemetry_path)) {
    flags.error =
        "--web.telemetry-path: must begin with / and be none of the server's other paths, such as "
        "/metrics";
  }
  return flags;
}

void ApplyFlags(const CommandLine& flags, config::Config& config) {
  if (!flags.listen_addresses.empty()) {
    config.web.listen_addresses = flags.listen_addresses;
    std::erase(config.web.listen_addresses, "");
  }
  if (!flags.allowed_hosts.empty()) config.web.allowed_hosts = flags.allowed_hosts;
  if (flags.telemetry_path) config.telemetry_path = *flags.telemetry_path;
  if (flags.web_config_file) config.web_config_file = *flags.web_config_file;
  if (flags.enable_lifecycle) config.enable_lifecycle = true;
  if (flags.max_requests) config.web.max_requests = *flags.max_requests;
  if (flags.textfile_path) config.textfile_path = *flags.textfile_path;
  if (flags.textfile_interval) config.textfile_interval = *flags.textfile_interval;
  if (flags.log_level) config.log.level = *flags.log_level;
  if (flags.log_format) config.log.format = *flags.log_format;
  if (flags.log_journald) config.log.journald = *flags.log_journald;
}

}  // namespace scidex::app
