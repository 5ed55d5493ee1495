// The active configuration, and its replacement at runtime.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "base/time.h"
#include "config/config.h"

namespace scidex::app {

// Thread-safe.
class Reloader {
 public:
  // Reads the configuration as at startup. Throws a std::exception with a readable message.
  using Load = std::function<config::Config()>;
  // Throws if something outside the configuration makes a reload useless, for example a file that
  // it names. Only a reload calls it: a new password is taken anyway.
  using Check = std::function<void()>;
  // Applies a configuration that has passed CheckForReload(), completely or, if it throws, not at
  // all.
  using Apply = std::function<void(const config::Config&)>;
  // Called when a reload begins, and when it has ended, with any result. Its exceptions are logged.
  enum class Phase { kBegins, kEnded };
  using Announce = std::function<void(Phase)>;

  // `first` is the active configuration. `scheduler` must outlive the reloader.
  Reloader(config::Config first, Load load, Check check, Apply apply, Announce announce,
           base::Scheduler& scheduler);
  // After it returns, `apply` is not called again.
  ~Reloader() = default;

  enum class Outcome { kReloaded, kRefused, kUnderWay };
  struct Result {
    Outcome outcome;
    // Why the configuration was rejected.
    std::string error;
  };
  enum class IfUnderWay { kWait, kGiveUp };
  // Loads and applies the configuration. If it is invalid, or changes something that requires a
  // restart, the previous one stays active; the result and the log have the reason. Reloads run one
  // at a time.
  Result Reload(IfUnderWay if_under_way);

  // Re-reads only the servers' DSNs, because a login was refused: a password may have changed.
  // Returns immediately. Runs at most once per second.
  void RereadCredentials() noexcept { credentials_.Trigger(); }

  // Whether the latest Reload() succeeded, or there was none.
  bool successful() const;
  // When the active configuration was loaded.
  base::WallTime loaded_at() const;
  // A hash of the active configuration without its secrets; exactly representable as a double.
  std::uint64_t hash() const;

 private:
  class ReloadCountGuard;
  class AnnouncementGuard;
  Result Reload();
  Result TryReload() SCIDEX_REQUIRES(changing_);
  void SetSuccessful(bool successful);
  void Activate(config::Config next) SCIDEX_REQUIRES(changing_);
  base::TimePoint ReadCredentials();

  const Load load_;
  const Check check_;
  const Apply apply_;
  const Announce announce_;
  base::Clock& clock_;

  std::atomic<int> reloads_{0};
  // Held from reading to applying.
  base::Mutex changing_;
  config::Config config_ SCIDEX_GUARDED_BY(changing_);
  std::string last_error_ SCIDEX_GUARDED_BY(changing_);

  mutable base::Mutex mutex_;
  bool successful_ SCIDEX_GUARDED_BY(mutex_) = true;
  base::WallTime loaded_at_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t hash_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask credentials_;
};

}  // namespace scidex::app
