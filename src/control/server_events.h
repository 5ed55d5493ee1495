// Logs the state of one server: one line when it stops answering and one when it answers again,
// regardless of the number of its pools.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/enum.h"
#include "base/mutex.h"
#include "control/probe_result.h"
#include "pool/pool.h"
#include "routing/evidence.h"

namespace scidex::control {

// Outlives the probes of its server, which are replaced by a reload. Thread-safe.
class ServerEvents {
 public:
  explicit ServerEvents(base::Clock& clock) : clock_(clock) {}

  // Logs changes: the server does not answer, it answers again, or it answers but connects of a
  // pool fail, or have succeeded again for a minute. Within an hour, each reason of an outage is
  // logged once, and so is each outcome of a pool's connects while they fail. `pools` are the pools
  // on the server.
  void OnProbe(const std::vector<std::shared_ptr<pool::Pool>>& pools, const ProbeResult& result,
               const routing::ServerAddress& server);

 private:
  // State of one pool at the previous answered probe.
  struct Connects {
    base::EnumArray<pool::ConnectOutcome, std::uint64_t> counted;
    base::EnumArray<pool::ConnectOutcome, base::TimePoint> silent_until;
    // Since when they have failed, if that was logged, and since when they have only succeeded.
    std::optional<base::TimePoint> failing_since;
    std::optional<base::TimePoint> succeeding_since;
  };

  void OnFailure(const std::string& pools, const ProbeResult& result,
                 const routing::ServerAddress& server);
  // Returns whether the previous probe was answered, too.
  bool OnAnswer(const std::string& pools, const ProbeResult& result,
                const routing::ServerAddress& server);
  void ReportConnects(const pool::Pool& pool, bool answered_before,
                      const routing::ServerAddress& server);

  base::Clock& clock_;
  base::Mutex mutex_;
  bool has_answered_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Why the latest probe failed, and since when probes have been failing.
  std::optional<routing::Reason> failing_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint silent_since_ SCIDEX_GUARDED_BY(mutex_){};
  // Of this outage.
  base::EnumArray<routing::Reason, base::TimePoint> reason_silent_until_ SCIDEX_GUARDED_BY(mutex_);
  // By pool name.
  std::map<std::string, Connects> connects_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
