#include "app/likely_mistakes.h"

#include <optional>
#include <stdexcept>

#include "postgres/dsn.h"
#include "postgres/password_file.h"
#include "postgres/server_address.h"

namespace scidex::app {
namespace {

// The directory of systemd's LoadCredential= while the unit runs.
constexpr const char* kCredentials = "/run/credentials/";

void AddPasswordFile(const std::string& source,
                     const std::optional<postgres::SessionOptions>& server,
                     std::vector<Mistake>& mistakes) {
  if (!server || server->password_file.empty()) return;
  try {
    postgres::ReadPasswordFile(server->password_file);
  } catch (const std::runtime_error& error) {
    mistakes.push_back({source + ": " + error.what() + "; without it no session can be opened",
                        !server->password_file.starts_with(kCredentials)});
  }
}

// "db1:5432"; empty if there are several, among which libpq chooses.
std::string OnlyServerOf(const postgres::Dsn& dsn) {
  if (dsn.endpoints().size() != 1) return "";
  const routing::ServerAddress server = postgres::ExpectedAddress(dsn);
  return server.host + ':' + (server.port.empty() ? "5432" : server.port);
}

void AddSameServer(const config::Config& config, std::vector<Mistake>& mistakes) {
  if (!config.database.primary || !config.database.replica) return;
  const postgres::Dsn primary = postgres::Dsn::Parse(config.database.primary->dsn);
  const postgres::Dsn replica = postgres::Dsn::Parse(config.database.replica->dsn);
  const std::string server = OnlyServerOf(replica);
  if (server.empty() || server != OnlyServerOf(primary)) return;
  const bool may_be_pooler = primary.Get("dbname") != replica.Get("dbname");
  mistakes.push_back(
      {config.SourceOf("replica.dsn") + ": has the host and port of the primary, " + server +
       (may_be_pooler ? "; that is correct only if a pooler there distinguishes the two databases"
                      : "; all reads would go to the primary: name the replica")});
}

}  // namespace

std::vector<Mistake> LikelyMistakes(const config::Config& config) {
  std::vector<Mistake> mistakes;
  for (const std::string& unknown : config.unknown_sql) mistakes.push_back({unknown, true});
  for (const std::string& warning : config.warnings) mistakes.push_back({warning, false});
  AddPasswordFile(config.SourceOf("primary.password_file"), config.database.primary, mistakes);
  AddPasswordFile(config.SourceOf("replica.password_file"), config.database.replica, mistakes);
  AddSameServer(config, mistakes);
  return mistakes;
}

}  // namespace scidex::app
