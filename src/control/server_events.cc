#include "control/server_events.h"

#include <chrono>
#include <utility>

#include "base/joined.h"
#include "base/log.h"
#include "routing/advice.h"

namespace scidex::control {

using base::MutexLock;
using pool::ConnectOutcome;
using routing::Reason;

namespace {

constexpr base::Duration kReminderInterval = std::chrono::hours(1);
// At a limit of sessions, single connects succeed now and then.
constexpr base::Duration kSucceedsAgainAfter = std::chrono::minutes(1);

std::string_view AdviceOn(ConnectOutcome outcome) {
  if (outcome == ConnectOutcome::kOtherServer)
    return "the name leads to several servers; use a name that leads only to the intended one";
  if (outcome == ConnectOutcome::kLocalFailure)
    return "raise the limits of this process, or check the machine's memory";
  return routing::AdviceOn(routing::ReasonOf(outcome));
}

std::string JoinedPoolNames(const std::vector<std::shared_ptr<pool::Pool>>& pools) {
  return base::Joined(pools, ",", [](const auto& pool) { return pool->name(); });
}

}  // namespace

void ServerEvents::OnProbe(const std::vector<std::shared_ptr<pool::Pool>>& pools,
                           const ProbeResult& result, const routing::ServerAddress& server) {
  if (result.reason != Reason::kOk) return OnFailure(JoinedPoolNames(pools), result, server);
  const bool answered_before = OnAnswer(JoinedPoolNames(pools), result, server);
  for (const auto& pool : pools) ReportConnects(*pool, answered_before, server);
}

void ServerEvents::OnFailure(const std::string& pools, const ProbeResult& result,
                             const routing::ServerAddress& server) {
  std::optional<Reason> before;
  {
    const MutexLock lock(mutex_);
    const base::TimePoint now = clock_.Now();
    before = std::exchange(failing_, result.reason);
    if (!before) {
      silent_since_ = now;
      reason_silent_until_ = {};
    }
    // The reason may change as the server goes down and comes up, and alternate for hours.
    if (before == result.reason || now < reason_silent_until_[result.reason]) return;
    reason_silent_until_[result.reason] = base::Add(now, kReminderInterval);
  }
  const std::string outage = "server " + std::string(routing::OutageOf(result.reason));
  base::Log(before ? base::LogLevel::kInfo : base::LogLevel::kWarn,
            before ? "server still provides no session" : outage,
            {{"pools", pools},
             {"host", server.host},
             {"port", server.port},
             {"reason", base::Name(result.reason)},
             {"error", result.message.ForLog()},
             {"advice", routing::AdviceOn(result.reason)}});
}

bool ServerEvents::OnAnswer(const std::string& pools, const ProbeResult& result,
                            const routing::ServerAddress& server) {
  bool is_first = false;
  std::optional<base::Duration> outage;
  {
    const MutexLock lock(mutex_);
    is_first = !std::exchange(has_answered_, true);
    if (std::exchange(failing_, std::nullopt)) outage = clock_.Now() - silent_since_;
  }
  if (outage) {
    base::LogInfo("server answers again", {{"pools", pools},
                                           {"host", server.host},
                                           {"port", server.port},
                                           {"in_recovery", result.facts.in_recovery},
                                           {"after_seconds", *outage}});
  } else if (is_first) {
    base::LogInfo("server answers", {{"pools", pools},
                                     {"host", server.host},
                                     {"port", server.port},
                                     {"in_recovery", result.facts.in_recovery}});
  }
  return !is_first && !outage;
}

// Reports connects that failed between two answered probes, and so are not part of an outage, and
// the end of that.
void ServerEvents::ReportConnects(const pool::Pool& pool, bool answered_before,
                                  const routing::ServerAddress& server) {
  const pool::PoolStats stats = pool.Stats();
  std::optional<ConnectOutcome> failed;
  std::optional<base::Duration> failed_for;
  {
    const MutexLock lock(mutex_);
    const bool is_known = answered_before && connects_.contains(pool.name());
    Connects& connects = connects_[pool.name()];
    const base::TimePoint now = clock_.Now();
    const bool succeeded =
        stats.connects[ConnectOutcome::kOk] > connects.counted[ConnectOutcome::kOk];
    if (succeeded && connects.failing_since && !connects.succeeding_since)
      connects.succeeding_since = now;
    for (const ConnectOutcome outcome : base::kEnumValues<ConnectOutcome>) {
      if (outcome == ConnectOutcome::kOk || stats.connects[outcome] <= connects.counted[outcome])
        continue;
      connects.succeeding_since.reset();
      if (!is_known || now < connects.silent_until[outcome]) continue;
      connects.silent_until[outcome] = base::Add(now, kReminderInterval);
      failed = outcome;
    }
    if (failed && !connects.failing_since) connects.failing_since = now;
    if (connects.succeeding_since && now - *connects.succeeding_since >= kSucceedsAgainAfter) {
      failed_for = *connects.succeeding_since - *connects.failing_since;
      connects = Connects();
    }
    connects.counted = stats.connects;
  }
  if (failed_for) {
    base::LogInfo("a pool's connects succeed again", {{"pool", pool.name()},
                                                      {"host", server.host},
                                                      {"port", server.port},
                                                      {"connections", stats.size},
                                                      {"after_seconds", *failed_for}});
  }
  if (!failed) return;
  const bool is_latest = stats.last_connect_outcome == *failed;
  base::LogWarn("a pool's connects fail although its server answers",
                {{"pool", pool.name()},
                 {"host", server.host},
                 {"port", server.port},
                 {"outcome", base::Name(*failed)},
                 {"error", is_latest ? stats.last_connect_message : std::string()},
                 {"connections", stats.size},
                 {"advice", AdviceOn(*failed)}});
}

}  // namespace scidex::control
