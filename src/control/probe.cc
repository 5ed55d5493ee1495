#include "control/probe.h"

#include <algorithm>
#include <utility>

#include "base/local_failure.h"

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

}  // namespace

Probe::Probe(const ProbeOptions& options, pool::Pool& pool,
             std::shared_ptr<pool::Connector> connector, routing::ServerInspector& inspector,
             base::Scheduler& scheduler, OnResult on_result, std::shared_ptr<ServerEvents> events)
    : options_(options),
      pool_(pool),
      connector_(std::move(connector)),
      inspector_(inspector),
      clock_(scheduler.clock()),
      on_result_(std::move(on_result)),
      events_(events ? std::move(events) : std::make_shared<ServerEvents>(clock_)),
      task_(
          scheduler, base::TaskKind::kProbe,
          [this](const std::stop_token& stop) { return Run(stop); }, options.min_trigger_distance) {
  stats_.address = inspector_.Expected();
  events_->Join(pool_.name());
}

Probe::~Probe() {
  Stop();
  events_->Leave(pool_.name());
}

void Probe::Inherit(const ProbeStats& before) noexcept {
  MutexLock lock(mutex_);
  std::optional<routing::ServerAddress> expected = std::move(stats_.address);
  stats_ = before;
  if (!stats_.address) stats_.address = std::move(expected);
}

void Probe::Start() noexcept { task_.Start(TimePoint::min()); }

void Probe::Stop() {
  task_.Stop();
  // Triggers task_ until then.
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

TimePoint Probe::Run(const std::stop_token& stop) {
  const TimePoint started = clock_.Now();
  std::optional<ProbeResult> result;
  try {
    result = Ask(base::Add(started, options_.timeout), stop);
  } catch (const std::exception& error) {
    // What the session got to is unknown.
    reserved_.reset();
    // What a server answered may have been the cause.
    if (!base::LocalResourceOf(error))
      result = ProbeResult{
          Reason::kConnectFailed, {"the probe failed", error.what()}, {}, started, started};
  }
  if (stop.stop_requested()) return base::kNever;
  if (result) {
    result->started = started;
    Record(*result, clock_.Now() - started);
    on_result_(*result);
    // Not before: what is lent of it is lent by the verdict.
    if (result->reason == Reason::kOk) inspector_.OnJudged();
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
          return AskThroughPool(std::move(refusal), deadline, stop);
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
    // One session may have been ended for a reason of its own: only a new one tells about the
    // server.
    if (!lost || fresh || result->reason == Reason::kProbeTimeout) return result;
  }
}

Probe::Renewal Probe::Renew(TimePoint deadline, const std::stop_token& stop, ProbeResult& refusal) {
  const bool lost_before = !reserved_;
  pool::ConnectResult connected = connector_->Connect(deadline, stop);
  if (connected.outcome == ConnectOutcome::kOk) {
    if (StaysWhereItIs(*connected.connection)) return Renewal::kKept;
    Adopt(std::move(connected.connection), lost_before);
    return Renewal::kAdopted;
  }
  new_session_wanted_ = true;
  if (connected.outcome == ConnectOutcome::kLocalFailure)
    return reserved_ ? Renewal::kKept : Renewal::kNothing;
  refusal.reason = routing::ReasonOf(connected.outcome);
  refusal.message = std::move(connected.message);
  refused_ = true;
  went_silent_ = false;
  if (connected.outcome != ConnectOutcome::kTooManyConnections) return Renewal::kRefused;
  // Borrowers have what the pool has, until that ends.
  if (!reserved_) return Renewal::kNoRoom;
  const pool::PoolStats stats = pool_.Stats();
  return stats.in_use + stats.idle == 0 ? Renewal::kRefused : Renewal::kKept;
}

// An old session goes on answering where no new one is let in: after a change of a password, of
// pg_hba.conf, of a role.
bool Probe::NewSessionIsDue() {
  return new_session_wanted_.exchange(false) ||
         clock_.Now() >= base::Add(opened_at_, options_.new_session_interval);
}

// Where a name leads to several servers, what was judged is that of the session that there is. Not
// for long, if no new session comes there any more.
bool Probe::StaysWhereItIs(const pool::Connection& fresh) {
  constexpr int kMaxElsewhere = 3;
  if (!reserved_ || !inspector_.IsElsewhere(fresh) || ++elsewhere_in_a_row_ > kMaxElsewhere) {
    elsewhere_in_a_row_ = 0;
    return false;
  }
  opened_at_ = clock_.Now();
  if (std::exchange(refused_, false)) pool_.OnServerAnswered();
  return true;
}

void Probe::Adopt(std::unique_ptr<pool::Connection> session, bool lost_before) {
  reserved_ = std::move(session);
  reserved_->Observe(this);
  opened_at_ = clock_.Now();
  // A session that went silent while a new one answers: so may those of the pool have that were
  // opened before it.
  if (std::exchange(went_silent_, false)) pool_.EvictIdle();
  // Not where there was one that answered: a pool's connects may fail for a reason of its own.
  if (std::exchange(refused_, false) || lost_before) pool_.OnServerAnswered();
}

// The server has no room for one more session. If another one answers, it is not down; if those
// that there are belong to borrowers at the moment, nobody knows. One that is lost was ended like
// ours, and tells no more.
std::optional<ProbeResult> Probe::AskThroughPool(ProbeResult refusal, TimePoint deadline,
                                                 const std::stop_token& stop) {
  while (pool::Lease lease = pool_.TryAcquire({deadline, stop})) {
    bool lost = false;
    std::optional<ProbeResult> result = Inspect(lease.connection(), deadline, stop, lost);
    if (!lost) return result;
    lease.Evict(pool::EvictReason::kDead);
    if (result->reason == Reason::kProbeTimeout) return result;
  }
  const pool::PoolStats stats = pool_.Stats();
  if (stats.in_use + stats.idle == 0) return refusal;
  MutexLock lock(mutex_);
  stats_.last_run = clock_.WallNow();
  return std::nullopt;
}

std::optional<ProbeResult> Probe::Inspect(pool::Connection& connection, TimePoint deadline,
                                          const std::stop_token& stop, bool& lost) {
  const TimePoint asked_at = clock_.Now();
  routing::Inspection inspection = inspector_.Inspect(connection, deadline, stop);
  using Result = routing::Inspection::Result;
  // It is this process that was slow.
  if (inspection.result == Result::kNotTried) return std::nullopt;
  lost = inspection.result == Result::kLost || inspection.result == Result::kTimeout;
  const Reason reason = inspection.result == Result::kAnswered  ? Reason::kOk
                        : inspection.result == Result::kTimeout ? Reason::kProbeTimeout
                                                                : Reason::kConnectFailed;
  return ProbeResult{
      reason, std::move(inspection.message), std::move(inspection.facts), asked_at, {}};
}

void Probe::Record(const ProbeResult& result, base::Duration took) {
  const base::WallTime now = clock_.WallNow();
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
      if (result.facts.address) stats_.address = result.facts.address;
    } else {
      ++stats_.failures[result.reason];
    }
    if (stats_.address) server = *stats_.address;
  }
  events_->OnProbe(pool_, result, server);
}

}  // namespace scidex::control
