// What the log says of one server: one line when it stops to answer and one when it answers again,
// by whichever of its pools that is found out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/enum.h"
#include "base/mutex.h"
#include "control/probe_result.h"
#include "pool/pool.h"
#include "routing/evidence.h"

namespace scidex::control {

// Shared by the probes of all pools on one server. Thread safe.
class ServerEvents {
 public:
  explicit ServerEvents(base::Clock& clock) : clock_(clock) {}

  // A probe of the pool of that name begins, or is over. What is known of the pool is kept while
  // another probe of it is there: a reload replaces one by the other.
  void Join(const std::string& pool);
  void Leave(const std::string& pool) noexcept;

  // Logs what is new: that the server does not answer, that it answers again, or that it answers
  // while connects of the pool fail. The latter once for each outcome, and again after an hour.
  void OnProbe(const pool::Pool& pool, const ProbeResult& result,
               const routing::ServerAddress& server);

 private:
  struct OfPool {
    std::size_t probes = 0;
    // Why the latest probe failed.
    std::optional<routing::Reason> failing;
    // The probe before succeeded, and then the pool had counted these connects.
    bool answered = false;
    base::EnumArray<pool::ConnectOutcome, std::uint64_t> connects;
    base::EnumArray<pool::ConnectOutcome, base::TimePoint> silent_until;
  };
  // What is to be said of an answer.
  struct Answer {
    bool is_news = false;
    std::string pools;
    std::optional<base::Duration> outage;
  };

  bool IsFailingFor(routing::Reason reason) const SCIDEX_REQUIRES(mutex_);
  bool IsFailing() const SCIDEX_REQUIRES(mutex_);
  std::string PoolNames() const SCIDEX_REQUIRES(mutex_);
  void OnFailure(const std::string& pool, const ProbeResult& result,
                 const routing::ServerAddress& server);
  Answer TakeAnswer(const std::string& pool);
  void LookAtConnects(const pool::Pool& pool, const routing::ServerAddress& server);

  base::Clock& clock_;
  base::Mutex mutex_;
  // By name.
  std::map<std::string, OfPool> pools_ SCIDEX_GUARDED_BY(mutex_);
  bool has_answered_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::optional<base::TimePoint> silent_since_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
