#include "config/config.h"

#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/hash.h"
#include "base/quoted.h"
#include "base/read_file.h"
#include "config/duration.h"
#include "config/file.h"
#include "config/keys.h"
#include "config/queries.h"
#include "config/query_check.h"
#include "config/sql.h"

namespace scidex::config {
namespace {

std::string From(const Environment& environment, const char* name) {
  return environment(name).value_or("");
}

// A number of seconds, as in the system that this exporter replaces, or what the file accepts.
void SetInterval(const std::string& text, Draft& draft) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const Key& key = *FindKey("pool_logger.interval");
  if (key.set({is_number ? text + 's' : text}, draft)) return;
  throw ConfigError("SCIDEX_PG_POOL_LOG_INTERVAL: " + base::QuotedUnlessSecret(text) +
                    " is not an interval from 1s to 365d; write a number of seconds, such as "
                    "3600, or a duration such as 1h");
}

void ApplyEnvironment(const Environment& environment, Draft& draft) {
  if (const std::string dsn = From(environment, "SCIDEX_PG_DSN"); !dsn.empty()) {
    draft.primary.dsn = base::Secret(dsn);
    draft.config.sources["primary.dsn"] = "SCIDEX_PG_DSN";
  }
  if (const std::string dsn = From(environment, "SCIDEX_PG_RO_DSN"); !dsn.empty()) {
    draft.replica.dsn = base::Secret(dsn);
    draft.config.sources["replica.dsn"] = "SCIDEX_PG_RO_DSN";
  }
  if (const std::string interval = From(environment, "SCIDEX_PG_POOL_LOG_INTERVAL");
      !interval.empty()) {
    SetInterval(interval, draft);
  }
}

// min_idle must not exceed max_size, nor backoff_initial backoff_cap.
void CheckPool(const Config& config, const Lines& lines, const std::string& name,
               const pool::PoolOptions& pool) {
  const auto place = [&](const std::string& key) { return config.SourceOf(key) + ": "; };
  const auto check = [&](const std::string& small, const std::string& large, bool holds,
                         const std::string& small_value, const std::string& large_value) {
    if (holds) return;
    const std::string small_key = "pools." + name + "." + small;
    const std::string large_key = "pools." + name + "." + large;
    const auto large_written = lines.find(large_key);
    const std::string& large_name =
        large_written == lines.end() ? large_key : large_written->second.key;
    const bool at_small = lines.contains(small_key);
    throw ConfigError(at_small ? place(small_key) + small_value + " is more than " + large_name +
                                     ", which is " + large_value + "; write at most " + large_value
                               : place(large_key) + large_value + " is less than " + small_key +
                                     ", which is " + small_value + " by default; write at least " +
                                     small_value + ", or a smaller " + small);
  };
  check("min_idle", "max_size", pool.min_idle <= pool.max_size, std::to_string(pool.min_idle),
        std::to_string(pool.max_size));
  check("backoff_initial", "backoff_cap", pool.backoff.initial <= pool.backoff.cap,
        FormatDuration(pool.backoff.initial), FormatDuration(pool.backoff.cap));
}

void WarnOfReadableDsn(const std::string& path, const Lines& lines, Config& config) {
  if (!lines.contains("primary.dsn") && !lines.contains("replica.dsn")) return;
  if (base::EveryoneMayRead(path)) {
    config.warnings.push_back(
        path +
        " contains a DSN and is readable by all users; if the DSN contains a password: chmod 0640");
  }
}

void WarnOfRareProbes(Config& config) {
  if (config.database.autoscaler.mode == control::AutoscalerMode::kOff ||
      config.database.probe.interval < control::kConnectionsKnownFor) {
    return;
  }
  config.warnings.push_back(
      "the autoscaler considers a probe valid for " +
      FormatDuration(control::kConnectionsKnownFor) + ", and probe.interval is " +
      FormatDuration(config.database.probe.interval) + ": no pool can grow between probes");
}

// The lag query must be one query with one column.
void CheckLagQuery(Config& config) {
  const std::string& sql = config.database.probe.lag_query;
  if (sql.empty()) return;
  const std::string place = config.SourceOf("probe.lag_query") + ": ";
  const SqlFinding finding = CheckSql({sql}).front();
  if (finding.kind == SqlFinding::Kind::kRefused) throw ConfigError(place + finding.message);
  if (finding.kind != SqlFinding::Kind::kQuery)
    config.warnings.push_back(place + finding.message + "; it was not checked");
  if (finding.columns && finding.columns->size() != 1) {
    throw ConfigError(place + "returns " + std::to_string(finding.columns->size()) +
                      " columns; return one, the lag in seconds");
  }
}

void CheckLag(Config& config) {
  const routing::RoutingOptions& options = config.database.routing;
  if (options.max_stale_lag == base::Duration::zero()) return;
  const std::string place = config.SourceOf("read_only.max_stale_lag") + ": ";
  if (options.on_lag != routing::OnLag::kServeStale)
    config.warnings.push_back(place + "has no effect without on_lag: serve_stale");
  if (options.max_stale_lag < options.max_lag) {
    throw ConfigError(place + FormatDuration(options.max_stale_lag) +
                      " is less than read_only.max_lag, which is " +
                      FormatDuration(options.max_lag) +
                      "; write at least that, or 0s for no limit");
  }
}

std::uint64_t HashOf(const Draft& draft) {
  std::uint64_t hash = base::kEmptyHash;
  for (const Key& key : Keys()) {
    if (key.secret || !key.default_of.empty()) continue;
    hash = base::Hash(key.path, hash);
    for (const std::string& text : key.get(draft)) hash = base::Hash('=' + text, hash);
  }
  for (const PlacedQuery& query : draft.queries) hash = HashQuery(query.options, hash);
  return hash;
}

std::map<std::string, std::uint64_t> FingerprintsOf(const Draft& draft) {
  std::map<std::string, std::uint64_t> fingerprints;
  for (const Key& key : Keys()) {
    if (!key.default_of.empty()) continue;
    std::uint64_t& hash = fingerprints.emplace(key.path, base::kEmptyHash).first->second;
    for (const std::string& text : key.get(draft)) hash = base::Hash('=' + text, hash);
  }
  for (const PlacedQuery& query : draft.queries) {
    fingerprints["queries." + query.options.name] = HashQuery(query.options, base::kEmptyHash);
  }
  return fingerprints;
}

// Warns if variables of another PostgreSQL exporter are set and no server is configured.
void WarnOfOtherVariables(const Environment& environment, const Draft& draft, Config& config) {
  if (!draft.primary.dsn.empty() || !draft.replica.dsn.empty()) return;
  for (const char* name : {"DATA_SOURCE_NAME", "DATA_SOURCE_URI"}) {
    if (From(environment, name).empty()) continue;
    config.warnings.push_back(std::string(name) +
                              " is set but not used by this exporter: set SCIDEX_PG_DSN instead");
  }
}

// Errors name the line of the set in the operator's file: that of the set itself is not installed.
void AddQuerySets(Draft& draft) {
  for (const std::string& set : draft.query_sets) {
    for (PlacedQuery& query : ReadQuerySet(set)) {
      query.place = draft.config.SourceOf("query_sets") + ": the set " + set;
      query.of_set = true;
      draft.queries.push_back(std::move(query));
    }
  }
}

// Queries with from: primary run in read-only sessions on the primary.
void CheckServersOf(const std::vector<PlacedQuery>& queries, const Config& config) {
  for (const PlacedQuery& query : queries) {
    if (query.options.from == queries::QueryFrom::kPrimary && !config.database.primary) {
      throw ConfigError(query.place + (query.of_set
                                           ? " queries the primary, and no primary is configured; "
                                             "set primary.dsn, or remove the set"
                                           : ".from: is primary, and no primary is configured; set "
                                             "primary.dsn, or write from: route"));
    }
  }
}

// Clients encode other characters, remove the segments "." and "..", and take what follows "//" for
// a host.
bool IsSentUnchanged(const std::string& path) {
  // RFC 3986, section 3.3, without "%".
  constexpr const char* kOfPaths =
      "/-._~!$&'()*+,;=:@0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string segments = path + '/';
  return path.find_first_not_of(kOfPaths) == std::string::npos && !path.starts_with("//") &&
         segments.find("/./") == std::string::npos && segments.find("/../") == std::string::npos;
}

void SetSession(const Draft& draft, postgres::SessionOptions& session) {
  session.application_name = draft.session.application_name;
  session.reset = draft.session.reset;
}

}  // namespace

const std::string& Config::SourceOf(const std::string& key) const {
  const auto found = sources.find(key);
  return found == sources.end() ? key : found->second;
}

std::vector<std::string> ChangedKeys(const Config& from, const Config& to) {
  std::vector<std::string> changed;
  std::map<std::string, std::uint64_t> all = from.fingerprints;
  all.insert(to.fingerprints.begin(), to.fingerprints.end());
  for (const auto& [key, unused] : all) {
    const auto before = from.fingerprints.find(key);
    const auto after = to.fingerprints.find(key);
    const bool in_both = before != from.fingerprints.end() && after != to.fingerprints.end();
    if (!in_both || before->second != after->second) changed.push_back(key);
  }
  return changed;
}

bool IsTelemetryPath(const std::string& path) {
  return path.size() >= 2 && path[0] == '/' && !path.starts_with("/-/") &&
         !path.starts_with("/api/") && path != "/status.css" && path != "/status.js" &&
         IsSentUnchanged(path);
}

bool IsHostName(const std::string& host) {
  return !host.empty() && host.find_first_of(" :/") == std::string::npos;
}

std::optional<std::string> ProcessEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

Config Load(const std::string& path, const Environment& environment) {
  Draft draft;
  Lines lines;
  if (!path.empty()) lines = ReadFile(path, draft);
  for (const auto& [key, written] : lines)
    draft.config.sources[key] = path + ":" + std::to_string(written.line) + ": " + written.key;
  ApplyEnvironment(environment, draft);
  AddQuerySets(draft);
  CheckTogether(draft.queries);
  SetSession(draft, draft.primary);
  SetSession(draft, draft.replica);
  draft.config.hash = HashOf(draft);
  draft.config.fingerprints = FingerprintsOf(draft);
  Config config = std::move(draft.config);
  CheckPool(config, lines, "primary", config.database.primary_pool);
  CheckPool(config, lines, "ro", config.database.ro_pool);
  CheckPool(config, lines, "ro_fallthrough", config.database.ro_fallthrough_pool);
  WarnOfReadableDsn(path, lines, config);
  WarnOfRareProbes(config);
  WarnOfOtherVariables(environment, draft, config);
  CheckLag(config);
  for (const PlacedQuery& query : draft.queries)
    config.warnings.insert(config.warnings.end(), query.warnings.begin(), query.warnings.end());
  config.database.replica.reset();
  if (!draft.replica.dsn.empty()) config.database.replica = draft.replica;
  config.database.primary = draft.primary;
  if (config.database.replica && draft.primary.dsn.empty()) config.database.primary.reset();
  CheckServersOf(draft.queries, config);
  CheckStatements(draft.queries, config);
  CheckLagQuery(config);
  for (PlacedQuery& query : draft.queries)
    config.database.queries.push_back(std::move(query.options));
  return config;
}

}  // namespace scidex::config
