#include "control/canary.h"

#include <algorithm>

#include "base/log.h"

namespace scidex::control {

using base::MutexLock;
using base::TimePoint;

Canary::Canary(const ProbeOptions& options, pool::Pool& pool, WriteTester& tester,
               base::Scheduler& scheduler)
    : options_(options),
      pool_(pool),
      tester_(tester),
      clock_(scheduler.clock()),
      task_(scheduler, base::TaskKind::kCanary,
            [this](const std::stop_token& stop) { return Run(stop); }) {}

Canary::~Canary() { Stop(); }

void Canary::Inherit(const CanaryStats& before) noexcept {
  MutexLock lock(mutex_);
  stats_ = before;
  ran_at_ = clock_.Now() - before.since_last_run;
}

void Canary::Start() noexcept {
  if (options_.canary_interval > base::Duration::zero()) task_.Start(TimePoint::min());
}

void Canary::Stop() { task_.Stop(); }

CanaryStats Canary::Stats() const {
  MutexLock lock(mutex_);
  CanaryStats stats = stats_;
  if (stats.success) stats.since_last_run = clock_.Now() - ran_at_;
  return stats;
}

TimePoint Canary::Run(const std::stop_token& stop) {
  const TimePoint started = clock_.Now();
  const TimePoint deadline = base::Add(started, options_.timeout);
  pool::Lease lease = pool_.TryAcquire({deadline, stop});
  if (!lease) return base::Add(started, options_.interval);
  const WriteAttempt attempt = tester_.TryWrite(lease.connection(), deadline, stop);
  switch (attempt.result) {
    case WriteAttempt::Result::kRefused:
      break;
    case WriteAttempt::Result::kAccepted:
      lease.Evict(pool::EvictReason::kReadOnlyUnproven);
      // What is true of one session may be true of all.
      pool_.Drain();
      break;
    case WriteAttempt::Result::kNotTried:
      return base::Add(started, options_.interval);
    case WriteAttempt::Result::kUnknown:
      lease.Evict(pool::EvictReason::kDead);
      return base::Add(started, OnUnknown(attempt));
  }
  retry_after_ = base::Duration::zero();
  Record(attempt);
  return base::Add(started, options_.canary_interval);
}

// Backs off, because each attempt costs a session and perhaps lines in the server's log.
base::Duration Canary::OnUnknown(const WriteAttempt& attempt) {
  if (retry_after_ == base::Duration::zero()) {
    base::LogWarn("cannot determine whether writes are refused; retrying",
                  {{"pool", pool_.name()}, {"error", attempt.message.ForLog()}});
    retry_after_ = std::min(options_.interval, options_.canary_interval);
  } else {
    retry_after_ = std::min(2 * retry_after_, options_.canary_interval);
  }
  return retry_after_;
}

void Canary::Record(const WriteAttempt& attempt) {
  const bool refused = attempt.result == WriteAttempt::Result::kRefused;
  {
    MutexLock lock(mutex_);
    stats_.last_run = clock_.WallNow();
    ran_at_ = clock_.Now();
    stats_.success = refused;
    if (refused)
      stats_.proof = attempt.in_recovery ? CanaryProof::kRecovery : CanaryProof::kSetting;
  }
  if (!refused) {
    base::LogError(
        "a write through a read lease was not refused as read-only; closing all sessions",
        {{"pool", pool_.name()}, {"error", attempt.message.ForLog()}});
  }
}

}  // namespace scidex::control
