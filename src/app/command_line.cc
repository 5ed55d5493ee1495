#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/version.h"
#include "base/enum.h"
#include "base/quoted.h"

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
  app.add_option("--web.listen-address", flags.listen_addresses,
                 "host:port, [IPv6]:port or :port; repeatable (default: :19187)")
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
  AddEnum(app, "--log.level", "(default: info)", flags.log_level);
  AddEnum(app, "--log.format", "(default: logfmt)", flags.log_format);
  app.add_flag("--version", version, "print the version and end");
  try {
    app.parse(argc, argv);
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
                  flags.web_config_file.has_value() && flags.web_config_file->empty()}}) {
    // Most likely a variable that is not set: without the file, everyone would be let in.
    if (value) flags.error = std::string(flag) + ": is empty; write the path of a file, or no flag";
  }
  flags.syntax = syntax.value_or(SyntaxIs::kError);
  if (flags.error.empty() && !flags.config_check && (flags.connect || syntax)) {
    flags.error = std::string(flags.connect ? "--config.check.connect" : "--config.check.syntax") +
                  ": needs --config.check";
  }
  if (version) flags.print = VersionText() + "\n";
  if (flags.telemetry_path && !config::IsTelemetryPath(*flags.telemetry_path)) {
    flags.error =
        "--web.telemetry-path: must begin with / and be none of the server's other paths, such as "
        "/metrics";
  }
  return flags;
}

void ApplyFlags(const CommandLine& flags, config::Config& config) {
  if (!flags.listen_addresses.empty()) config.web.listen_addresses = flags.listen_addresses;
  if (!flags.allowed_hosts.empty()) config.web.allowed_hosts = flags.allowed_hosts;
  if (flags.telemetry_path) config.telemetry_path = *flags.telemetry_path;
  if (flags.web_config_file) config.web_config_file = *flags.web_config_file;
  if (flags.enable_lifecycle) config.enable_lifecycle = true;
  if (flags.max_requests) config.web.max_requests = *flags.max_requests;
  if (flags.log_level) config.log.level = *flags.log_level;
  if (flags.log_format) config.log.format = *flags.log_format;
}

}  // namespace scidex::app
