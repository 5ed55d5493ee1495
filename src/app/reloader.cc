#include "app/reloader.h"

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app/check.h"
#include "base/hash.h"
#include "base/joined.h"
#include "base/log.h"
#include "postgres/dsn.h"

namespace scidex::app {
namespace {

using base::MutexLock;

constexpr auto kBetweenRereads = std::chrono::seconds(1);

bool IsSecret(const std::string& keyword) {
  return keyword == "password" || keyword == "sslpassword";
}

// Copies the DSN of `now` to `server` if they differ only in user and password. Other differences
// require a reload: the file may be half-written, or describe another server.
void TakeLogin(const std::optional<postgres::SessionOptions>& now,
               std::optional<postgres::SessionOptions>& server) {
  if (!server || !now || server->dsn == now->dsn) return;
  if (now->dsn.empty() || !postgres::DifferInLoginAlone(server->dsn, now->dsn)) {
    throw config::ConfigError("they differ in more than user and password; reload to apply them");
  }
  server->dsn = now->dsn;
}

// "pools.ro.max_size, replica.dsn"; shortened, because a completely different file changes many
// keys.
std::string Shown(const std::vector<std::string>& keys) {
  constexpr std::size_t kMost = 20;
  return base::Joined(keys, ", ", std::identity(), kMost);
}

std::uint64_t HashOf(const config::Config& config) {
  std::uint64_t hash = config.hash;
  for (const auto& server : {config.database.primary, config.database.replica}) {
    hash = base::Hash(server ? "server" : "none", hash);
    if (!server) continue;
    const postgres::Dsn dsn = postgres::Dsn::Parse(server->dsn);
    hash = base::Hash(dsn.Redacted(), hash);
    for (const auto& [keyword, value] : dsn.parameters()) {
      if (IsSecret(keyword)) continue;
      hash = base::Hash(keyword + '=' + value.Reveal(), hash);
    }
  }
  constexpr std::uint64_t kExactInDouble = (std::uint64_t{1} << 48) - 1;
  return hash & kExactInDouble;
}

// Throws if a change requires a new process.
void CheckCanChange(const config::Config& from, const config::Config& to) {
  const auto same = [](bool holds, const std::string& key) {
    if (!holds) {
      throw config::ConfigError(key + ": cannot change while the process runs; restart it");
    }
  };
  same(from.web.listen_addresses == to.web.listen_addresses, "web.listen_addresses");
  same(from.web.allowed_hosts == to.web.allowed_hosts, "web.allowed_hosts");
  same(from.web.max_requests == to.web.max_requests, "web.max_requests");
  same(from.telemetry_path == to.telemetry_path, "web.telemetry_path");
  same(from.web_config_file == to.web_config_file, "web.config_file");
  same(from.enable_lifecycle == to.enable_lifecycle, "web.enable_lifecycle");
  same(from.textfile_path == to.textfile_path, "textfile.path");
  same(from.textfile_interval == to.textfile_interval, "textfile.interval");
  same(from.database.connects_per_server == to.database.connects_per_server, "connects_per_server");
  same(from.shutdown_timeout == to.shutdown_timeout, "shutdown_timeout");
}

}  // namespace

// A reload that has begun. Counts until it ends, even with an exception: otherwise every later one
// would find it in progress.
class Reloader::ReloadCountGuard {
 public:
  explicit ReloadCountGuard(std::atomic<int>& count)
      : count_(count), is_first_(count_.fetch_add(1) == 0) {}
  ~ReloadCountGuard() { count_.fetch_sub(1); }
  ReloadCountGuard(const ReloadCountGuard&) = delete;
  ReloadCountGuard& operator=(const ReloadCountGuard&) = delete;

  bool is_first() const { return is_first_; }

 private:
  std::atomic<int>& count_;
  const bool is_first_;
};

// Announces a reload, and its end even if it ends with an exception: otherwise the service manager
// would consider it in progress for ever.
class Reloader::AnnouncementGuard {
 public:
  explicit AnnouncementGuard(const Announce& announce) : announce_(announce) {
    Say(Phase::kBegins);
  }
  ~AnnouncementGuard() { Say(Phase::kEnded); }
  AnnouncementGuard(const AnnouncementGuard&) = delete;
  AnnouncementGuard& operator=(const AnnouncementGuard&) = delete;

 private:
  void Say(Phase phase) noexcept {
    try {
      announce_(phase);
    } catch (const std::exception& error) {
      base::LogFailure("a reload could not be announced", error);
    }
  }

  const Announce& announce_;
};

Reloader::Reloader(config::Config first, Load load, Check check, Apply apply, Announce announce,
                   base::Scheduler& scheduler)
    : load_(std::move(load)),
      check_(std::move(check)),
      apply_(std::move(apply)),
      announce_(std::move(announce)),
      clock_(scheduler.clock()),
      config_(std::move(first)),
      loaded_at_(clock_.WallNow()),
      hash_(HashOf(config_)),
      credentials_(
          scheduler, base::TaskKind::kCredentials,
          [this](const std::stop_token&) { return ReadCredentials(); }, kBetweenRereads) {
  credentials_.Start(base::kNever);
}

// Steps that can fail come before those that cannot be undone.
void Reloader::Activate(config::Config next) {
  const std::uint64_t hash = HashOf(next);
  apply_(next);
  std::swap(config_, next);
  const MutexLock lock(mutex_);
  loaded_at_ = clock_.WallNow();
  hash_ = hash;
}

Reloader::Result Reloader::Reload(IfUnderWay if_under_way) {
  const ReloadCountGuard counted(reloads_);
  if (!counted.is_first() && if_under_way == IfUnderWay::kGiveUp) return {Outcome::kUnderWay, ""};
  return Reload();
}

Reloader::Result Reloader::Reload() {
  const MutexLock changing(changing_);
  const AnnouncementGuard announced(announce_);
  return TryReload();
}

Reloader::Result Reloader::TryReload() {
  std::string changed;
  try {
    const config::Config config = load_();
    CheckCanChange(config_, config);
    CheckForReload(config);
    check_();
    changed = Shown(config::ChangedKeys(config_, config));
    Activate(config);
  } catch (const std::exception& error) {
    SetSuccessful(false);
    base::LogError("configuration refused; the previous one stays in force",
                   {{"error", error.what()}});
    return {Outcome::kRefused, error.what()};
  }
  SetSuccessful(true);
  if (changed.empty()) {
    base::LogInfo("configuration reloaded; nothing has changed");
  } else {
    base::LogInfo("configuration reloaded", {{"changed", changed}});
  }
  try {
    LogWarnings(config_);
  } catch (const std::exception& error) {
    // The configuration is in force even if computing the warnings fails.
    base::LogFailure("the warnings about the configuration cannot be determined", error);
  }
  return {Outcome::kReloaded, ""};
}

void Reloader::SetSuccessful(bool successful) {
  const MutexLock lock(mutex_);
  successful_ = successful;
}

base::TimePoint Reloader::ReadCredentials() {
  const MutexLock changing(changing_);
  try {
    const config::Config config = load_();
    CheckDsns(config);
    config::Config next = config_;
    TakeLogin(config.database.primary, next.database.primary);
    TakeLogin(config.database.replica, next.database.replica);
    for (const char* key : {"primary.dsn", "replica.dsn"}) {
      const auto fingerprint = config.fingerprints.find(key);
      if (fingerprint != config.fingerprints.end()) next.fingerprints[key] = fingerprint->second;
    }
    const std::string changed = Shown(config::ChangedKeys(config_, next));
    if (next.database.primary == config_.database.primary &&
        next.database.replica == config_.database.replica)
      return base::kNever;
    Activate(next);
    base::LogInfo("a login was refused; the DSNs were read again and have changed",
                  {{"changed", changed}});
    last_error_.clear();
  } catch (const std::exception& error) {
    if (std::exchange(last_error_, error.what()) != error.what()) {
      base::LogWarn("a login was refused, but the DSNs cannot be read again",
                    {{"error", error.what()}});
    }
  }
  return base::kNever;
}

bool Reloader::successful() const {
  const MutexLock lock(mutex_);
  return successful_;
}

base::WallTime Reloader::loaded_at() const {
  const MutexLock lock(mutex_);
  return loaded_at_;
}

std::uint64_t Reloader::hash() const {
  const MutexLock lock(mutex_);
  return hash_;
}

}  // namespace scidex::app
