#include "control/probe.h"

#include <algorithm>
#include <utility>

#include "base/enum.h"
#include "base/local_failure.h"
#include "base/log.h"

namespace scidex::control {

using base::MutexLock;
using base::TimePoint;
using pool::ConnectOutcome;
using routing::Reason;

namespace {

std::optional<bool> Writable(const routing::ServerFacts& facts) {
  if (facts.in_recovery) return false;
  if (!facts.read_only_by_default) return std::nullopt;
  return !*facts.read_only_by_default;
}

// `result` is null if the probe gave no verdict.
void LogProbe(const routing::ServerAddress& server, const ProbeResult* result,
              base::Duration took) {
  base::LogDebug("probe ended",
                 {{"host", server.host},
                  {"port", server.port},
                  {"result", result != nullptr ? base::Name(result->reason) : "none"},
                  {"error", result != nullptr ? result->message.ForLog() : ""},
                  {"took_seconds", took}});
}

}  // namespace

Probe::Probe(const ProbeOptions& options, std::shared_ptr<const Pools> pools,
             std::shared_ptr<pool::Connector> connector, routing::ServerInspector& inspector,
             std::shared_ptr<ServerEvents> events, base::Scheduler& scheduler, OnResult on_result)
    : options_(options),
      connector_(std::move(connector)),
      inspector_(inspector),
      clock_(scheduler.clock()),
      on_result_(std::move(on_result)),
      events_(std::move(events)),
      pools_(std::move(pools)),
      task_(
          scheduler, base::TaskKind::kProbe,
          [this](const std::stop_token& stop) { return Run(stop); }, options.min_trigger_distance) {
  if (const auto expected = inspector_.Expected())
    stats_.address = std::make_shared<const routing::ServerAddress>(*expected);
  stats_.interval = options.interval;
  stats_.timeout = options.timeout;
}

Probe::~Probe() { Stop(); }

void Probe::Inherit(const ProbeStats& before) noexcept {
  MutexLock lock(mutex_);
  std::shared_ptr<const routing::ServerAddress> expected = std::move(stats_.address);
  stats_ = before;
  if (!stats_.address) stats_.address = std::move(expected);
  stats_.interval = options_.interval;
  stats_.timeout = options_.timeout;
}

void Probe::SetPools(std::shared_ptr<const Pools> pools) noexcept {
  // The previous pools may be destroyed with their list, which must not happen under the lock.
  MutexLock lock(mutex_);
  pools_.swap(pools);
}

std::shared_ptr<const Probe::Pools> Probe::PoolsNow() const {
  MutexLock lock(mutex_);
  return pools_;
}

bool Probe::PoolsHaveSessions() const {
  const std::shared_ptr<const Pools> pools = PoolsNow();
  return std::any_of(pools->begin(), pools->end(), [](const auto& pool) {
    const pool::PoolStats stats = pool->Stats();
    return stats.in_use + stats.idle > 0;
  });
}

bool Probe::PoolsReachOnlyOthers() const {
  const std::shared_ptr<const Pools> pools = PoolsNow();
  return !PoolsHaveSessions() && std::any_of(pools->begin(), pools->end(), [](const auto& pool) {
    return pool->Stats().last_connect_outcome == ConnectOutcome::kOtherServer;
  });
}

void Probe::NotifyPoolsOfAnswer() {
  const std::shared_ptr<const Pools> pools = PoolsNow();
  for (const auto& pool : *pools) pool->OnServerAnswered();
}

void Probe::Start() noexcept { task_.Start(TimePoint::min()); }

void Probe::Stop() {
  task_.Stop();
  // Until then, the session may trigger task_.
  reserved_.reset();
}

void Probe::Trigger() noexcept {
  new_session_wanted_ = true;
  task_.Trigger();
}

void Probe::Reconnect() { reconnect_ = true; }

ProbeStats Probe::Stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

routing::ServerAddress Probe::AddressNow() const {
  MutexLock lock(mutex_);
  return stats_.address ? *stats_.address : routing::ServerAddress();
}

TimePoint Probe::Run(const std::stop_token& stop) {
  const TimePoint started = clock_.Now();
  std::optional<ProbeResult> result;
  try {
    result = Ask(base::Add(started, options_.timeout), stop);
  } catch (const std::exception& error) {
    // The state of the session is unknown.
    reserved_.reset();
    // The exception may have been caused by the server's answer.
    if (!base::LocalResourceOf(error))
      result = ProbeResult{.reason = Reason::kConnectFailed,
                           .message = {"the probe failed", error.what()},
                           .facts = {},
                           .asked_at = started,
                           .started = started};
  }
  if (stop.stop_requested()) return base::kNever;
  if (!result && base::Logs(base::LogLevel::kDebug))
    LogProbe(AddressNow(), nullptr, clock_.Now() - started);
  if (result) {
    result->started = started;
    Record(*result, clock_.Now() - started);
    const bool answered = result->reason == Reason::kOk;
    // The first verdict has reads waiting, which must not get a session of another server.
    if (answered) inspector_.OnAnswered();
    on_result_(*result);
    // Only after the verdict, on which lending depends.
    if (answered) inspector_.OnJudged();
  }
  return base::Add(started, options_.interval);
}

std::optional<ProbeResult> Probe::Ask(TimePoint deadline, const std::stop_token& stop) {
  using pool::Connection;
  const bool usable = reserved_ && reserved_->IsAlive(Connection::LivenessCheck::kKernel);
  if (reconnect_.exchange(false) || !usable) reserved_.reset();
  for (;;) {
    bool fresh = false;
    if (!reserved_ || NewSessionIsDue()) {
      ProbeResult refusal;
      switch (Renew(deadline, stop, refusal)) {
        case Renewal::kAdopted:
          fresh = true;
          break;
        case Renewal::kKept:
          break;
        case Renewal::kRefused:
          return refusal;
        case Renewal::kNoRoom:
          return AskThroughPools(std::move(refusal), deadline, stop);
        case Renewal::kNothing:
          return std::nullopt;
      }
    }
    bool lost = false;
    std::optional<ProbeResult> result = Inspect(*reserved_, deadline, stop, lost);
    if (!result || result->reason == Reason::kOk) return result;
    if (lost) reserved_.reset();
    went_silent_ = !fresh && result->reason == Reason::kProbeTimeout;
    if (went_silent_) task_.Trigger();
    // A single session may have been terminated for a reason of its own: only a new one is evidence
    // about the server.
    if (!lost || fresh || result->reason == Reason::kProbeTimeout) return result;
  }
}

Probe::Renewal Probe::Renew(TimePoint deadline, const std::stop_token& stop, ProbeResult& refusal) {
  const bool lost_before = !reserved_;
  pool::ConnectResult connected = connector_->Connect(deadline, stop);
  if (connected.outcome == ConnectOutcome::kOk) {
    if (KeepsItsServer(*connected.connection)) return Renewal::kKept;
    Adopt(std::move(connected.connection), lost_before);
    return Renewal::kAdopted;
  }
  new_session_wanted_ = true;
  if (connected.outcome == ConnectOutcome::kLocalFailure)
    return reserved_ ? Renewal::kKept : Renewal::kNothing;
  refusal.reason = routing::ReasonOf(connected.outcome);
  refusal.message = std::move(connected.message);
  refusal.refused = connected.refused;
  refused_ = true;
  went_silent_ = false;
  if (connected.outcome != ConnectOutcome::kTooManyConnections) return Renewal::kRefused;
  // As long as the pools have sessions, they can serve borrowers.
  if (!reserved_) return Renewal::kNoRoom;
  return PoolsHaveSessions() ? Renewal::kKept : Renewal::kRefused;
}

// An existing session continues to work when new ones are refused: after a change of a password, of
// pg_hba.conf or of a role.
bool Probe::NewSessionIsDue() {
  return new_session_wanted_.exchange(false) ||
         clock_.Now() >= base::Add(opened_at_, options_.new_session_interval);
}

// If a name leads to several servers, the verdict applies to that of the existing session, unless
// new sessions have stopped reaching it.
bool Probe::KeepsItsServer(const pool::Connection& fresh) {
  constexpr int kMaxElsewhere = 3;
  if (!reserved_ || !inspector_.IsElsewhere(fresh) || PoolsReachOnlyOthers() ||
      ++elsewhere_in_a_row_ > kMaxElsewhere) {
    elsewhere_in_a_row_ = 0;
    return false;
  }
  opened_at_ = clock_.Now();
  if (std::exchange(refused_, false)) NotifyPoolsOfAnswer();
  return true;
}

void Probe::Adopt(std::unique_ptr<pool::Connection> session, bool lost_before) {
  reserved_ = std::move(session);
  reserved_->Observe(this);
  opened_at_ = clock_.Now();
  // The old session went silent while a new one answers: older sessions of the pools may be silent
  // too.
  if (std::exchange(went_silent_, false)) {
    const std::shared_ptr<const Pools> pools = PoolsNow();
    for (const auto& pool : *pools) pool->EvictIdle();
  }
  // Not if the old session answered: a pool's connects may fail for a reason of its own.
  if (std::exchange(refused_, false) || lost_before) NotifyPoolsOfAnswer();
}

// The server has no room for another session. If a session of a pool answers, it is not down; if
// they are all lent, its state is unknown. A lost session was terminated like the probe's, and
// proves nothing more.
std::optional<ProbeResult> Probe::AskThroughPools(ProbeResult refusal, TimePoint deadline,
                                                  const std::stop_token& stop) {
  const std::shared_ptr<const Pools> pools = PoolsNow();
  for (const auto& pool : *pools) {
    while (pool::Lease lease = pool->TryAcquire({deadline, stop})) {
      bool lost = false;
      std::optional<ProbeResult> result = Inspect(lease.connection(), deadline, stop, lost);
      if (!lost) return result;
      lease.Evict(pool::EvictReason::kDead);
      if (result->reason == Reason::kProbeTimeout) return result;
    }
  }
  if (!PoolsHaveSessions()) return refusal;
  MutexLock lock(mutex_);
  stats_.last_run = clock_.WallNow();
  return std::nullopt;
}

std::optional<ProbeResult> Probe::Inspect(pool::Connection& connection, TimePoint deadline,
                                          const std::stop_token& stop, bool& lost) {
  const TimePoint asked_at = clock_.Now();
  routing::Inspection inspection = inspector_.Inspect(connection, deadline, stop);
  using Result = routing::Inspection::Result;
  // This process was too slow.
  if (inspection.result == Result::kNotTried) return std::nullopt;
  lost = inspection.result == Result::kLost || inspection.result == Result::kTimeout;
  const Reason reason = inspection.result == Result::kAnswered  ? Reason::kOk
                        : inspection.result == Result::kTimeout ? Reason::kProbeTimeout
                                                                : Reason::kConnectFailed;
  return ProbeResult{
      .reason = reason,
      .message = std::move(inspection.message),
      .refused = inspection.result == Result::kRefused,
      .facts = std::move(inspection.facts),
      .asked_at = asked_at,
  };
}

void Probe::Record(const ProbeResult& result, base::Duration took) {
  const base::WallTime now = clock_.WallNow();
  std::shared_ptr<const routing::ServerAddress> answered;
  if (result.facts.address)
    answered = std::make_shared<const routing::ServerAddress>(*result.facts.address);
  routing::ServerAddress server;
  {
    MutexLock lock(mutex_);
    stats_.last_reason = result.reason;
    ++stats_.probes;
    stats_.last_run = now;
    stats_.duration = took;
    stats_.up = result.reason == Reason::kOk;
    if (stats_.up) {
      stats_.last_success = now;
      stats_.in_recovery = result.facts.in_recovery;
      stats_.writable = Writable(result.facts);
      stats_.behind_pooler = result.facts.behind_pooler;
      if (answered) stats_.address = std::move(answered);
    } else {
      ++stats_.failures[result.reason];
    }
    if (stats_.address) server = *stats_.address;
  }
  if (base::Logs(base::LogLevel::kDebug)) LogProbe(server, &result, took);
  events_->OnProbe(*PoolsNow(), result, server);
}

}  // namespace scidex::control
