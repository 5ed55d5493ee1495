// The configuration in force, and how another comes into force while the process runs.
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

// Thread safe.
class Reloader {
 public:
  // Reads the configuration as it was read at the start. Throws a std::exception for people.
  using Load = std::function<config::Config()>;
  // Brings a configuration that has passed Check into force, wholly or (it throws) not at all.
  using Apply = std::function<void(const config::Config&)>;
  // Called when a reload begins, and when it has ended, whatever came of it. Must not throw.
  enum class Phase { kBegins, kEnded };
  using Announce = std::function<void(Phase)>;

  // `first` is in force. `scheduler` outlives the reloader.
  Reloader(config::Config first, Load load, Apply apply, Announce announce,
           base::Scheduler& scheduler);
  // `apply` is not called any more when this returns.
  ~Reloader() = default;

  enum class Outcome { kReloaded, kRefused, kUnderWay };
  struct Result {
    Outcome outcome;
    // Why it was refused.
    std::string error;
  };
  enum class IfUnderWay { kWait, kGiveUp };
  // Loads the configuration and brings it into force. Where it is not right, or changes what cannot
  // change while the process runs, the one before stays in force, the log says why, and so does
  // what is returned. There is one reload at a time.
  Result Reload(IfUnderWay if_under_way);

  // Asks for the servers' DSNs, and nothing else, to be read again, as a login was refused: a
  // password may have changed. Returns at once; no more often than once a second.
  void RereadCredentials() noexcept { credentials_.Trigger(); }

  // The latest Reload() went well, or there was none.
  bool successful() const;
  // When the configuration in force was loaded.
  base::WallTime loaded_at() const;
  // Of the configuration in force but for what is secret: exact in a double.
  std::uint64_t hash() const;

 private:
  Result LoadAndTake();
  Result TryToTake() SCIDEX_REQUIRES(changing_);
  void Take(config::Config next) SCIDEX_REQUIRES(changing_);
  base::TimePoint TakeCredentials();

  const Load load_;
  const Apply apply_;
  const Announce announce_;
  base::Clock& clock_;

  std::atomic<int> reloads_{0};
  // Held from reading to applying.
  base::Mutex changing_;
  config::Config config_ SCIDEX_GUARDED_BY(changing_);
  std::string complaint_ SCIDEX_GUARDED_BY(changing_);

  mutable base::Mutex mutex_;
  bool successful_ SCIDEX_GUARDED_BY(mutex_) = true;
  base::WallTime loaded_at_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t hash_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask credentials_;
};

}  // namespace scidex::app
