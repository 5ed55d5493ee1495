#include "app/check.h"

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "app/likely_mistakes.h"
#include "app/textfile.h"
#include "app/web_options.h"
#include "base/log.h"
#include "base/read_file.h"
#include "http/error.h"
#include "http/server.h"
#include "postgres/dsn.h"

namespace scidex::app {
namespace {

void CheckDsn(const std::optional<postgres::SessionOptions>& server, const std::string& source) {
  if (!server) return;
  try {
    postgres::Dsn::Parse(server->dsn);
  } catch (const postgres::DsnError& error) {
    throw config::ConfigError(source + ": " + error.what());
  }
}

// The path may be the password itself, given by mistake.
void WarnOfReadablePassword(const std::string& key,
                            const std::optional<postgres::SessionOptions>& server,
                            config::Config& config) {
  if (!server || !base::EveryoneMayRead(server->password_file)) return;
  config.warnings.push_back(config.SourceOf(key) +
                            ": the file is readable by everyone; chmod 0640");
}

void WarnOfReadableWebFiles(config::Config& config) {
  const std::unique_ptr<http::WebConfig> web = WebConfigOf(config);
  if (web == nullptr) return;
  try {
    const std::shared_ptr<const http::WebOptions> options = web->Read();
    const bool has_secrets = !options->users.empty() || !options->tls.key.empty();
    if (has_secrets && base::EveryoneMayRead(config.web_config_file)) {
      config.warnings.push_back(config.web_config_file +
                                " contains a key or password hashes and is readable by everyone; "
                                "chmod 0640");
    }
    if (base::EveryoneMayRead(options->tls.key_file)) {
      config.warnings.push_back(options->tls.key_file +
                                " contains a key and is readable by everyone; chmod 0640");
    }
  } catch (const std::exception&) {
    // If the server is started with this file, it reports the error.
  }
}

void CheckListening(const config::Config& config) {
  try {
    http::CheckLimits(WebOptionsOf(config));
  } catch (const http::AddressError& error) {
    throw config::ConfigError(config.SourceOf("web.listen_addresses") + ": " + error.what());
  }
}

}  // namespace

void Check(const config::Config& config) {
  CheckForReload(config);
  if (!config.web.listen_addresses.empty()) CheckListening(config);
  if (!config.textfile_path.empty())
    CheckTextfile(config.textfile_path, config.SourceOf("textfile.path"));
}

void CheckForReload(const config::Config& config) {
  CheckDsns(config);
  if (const auto web = WebConfigOf(config)) http::CheckWebConfig(*web);
}

void CheckDsns(const config::Config& config) {
  CheckDsn(config.database.primary, config.SourceOf("primary.dsn"));
  CheckDsn(config.database.replica, config.SourceOf("replica.dsn"));
}

void CheckOutputs(const config::Config& config) {
  if (config.web.listen_addresses.empty() && config.textfile_path.empty()) {
    throw config::ConfigError(
        "web.listen_addresses: is empty, and textfile.path is not set, so the metrics would not "
        "be published; set one of the two");
  }
}

void AddWarnings(config::Config& config) {
  WarnOfReadablePassword("primary.password_file", config.database.primary, config);
  WarnOfReadablePassword("replica.password_file", config.database.replica, config);
  WarnOfReadableWebFiles(config);
}

void LogWarnings(const config::Config& config) {
  for (const Mistake& mistake : LikelyMistakes(config)) base::LogWarn(mistake.text);
}

}  // namespace scidex::app
