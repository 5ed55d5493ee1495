#include "unit/pool/pool_schedule.h"

#include <algorithm>
#include <set>
#include <utility>

#include "unit/pool/pool_invariants.h"

namespace scidex::pool {

PoolSchedule::PoolSchedule(std::uint64_t seed) : random_(seed) {
  options_.max_size = 1 + Random(5);
  options_.min_idle = Random(std::min<std::size_t>(options_.max_size, 2) + 1);
  options_.max_waiters = 12;
  options_.acquire_timeout = 10s;
  options_.handoff_after = Random(2) == 0 ? 0s : 5s;
  options_.max_lifetime = Random(2) == 0 ? 0s : 40s;
  options_.idle_timeout = 15s;
  kills_ = Random(2) == 0;
  pool_ =
      std::make_unique<Pool>("test", options_, Pool::Dependencies{connector_, scheduler_, clock_});
}

std::string PoolSchedule::Run(std::size_t steps) {
  std::string wrong;
  while (wrong.empty() && steps-- > 0) {
    // The order of arrivals without a rest between them would be unknown.
    if (Random(3) > 0) Arrive();
    for (std::size_t events = Random(4); events > 0; --events) Step();
    wrong = AwaitRest();
  }
  if (wrong.empty()) {
    Close();
    wrong = AwaitRest();
  }
  if (wrong.empty()) return "";
  for (const std::string& step : steps_) wrong += "\n  " + step;
  return wrong;
}

void PoolSchedule::Arrive() {
  steps_.push_back("acquire");
  waiting_.push_back({++arrivals_, std::make_unique<Client>(*pool_)});
}

void PoolSchedule::Step() {
  const std::size_t kind = Random(12);
  if (kind < 5) {
    OnLease();
  } else if (kind < 8) {
    OnPool();
  } else if (kind < 10) {
    OnServer();
  } else {
    Try();
  }
}

// May overtake waiters.
void PoolSchedule::Try() {
  steps_.push_back("try");
  Lease lease = pool_->TryAcquire();
  if (!lease) return;
  leases_.push_back(std::move(lease));
  ++told_[AcquireOutcome::kWaited];
}

void PoolSchedule::OnLease() {
  if (leases_.empty()) return;
  const auto lease = leases_.begin() + static_cast<std::ptrdiff_t>(Random(leases_.size()));
  switch (Random(8)) {
    case 0:
      steps_.push_back("evict");
      lease->Evict();
      break;
    case 1:
      steps_.push_back("detach");
      detached_.push_back(lease->Detach());
      break;
    case 2:
      steps_.push_back("release one that cannot be recycled");
      SessionOf(*lease).FailRecycle();
      break;
    default:
      steps_.push_back("release");
  }
  leases_.erase(lease);
}

std::size_t PoolSchedule::RandomTarget() {
  const std::size_t least = std::max<std::size_t>(1, options_.min_idle);
  return least + Random(options_.max_size - least + 1);
}

void PoolSchedule::OnPool() {
  switch (Random(6)) {
    case 0:
      if (waiting_.empty()) return;
      steps_.push_back("cancel");
      return waiting_[Random(waiting_.size())].client->Cancel();
    case 1: {
      const std::size_t target = RandomTarget();
      steps_.push_back("resize to " + std::to_string(target));
      return pool_->Resize(target);
    }
    case 2:
      steps_.push_back("drain");
      return pool_->Drain();
    case 3:
      suspended_ = !suspended_;
      served_before_suspend_.reset();
      steps_.push_back(suspended_ ? "suspend" : "resume");
      return suspended_ ? pool_->Suspend() : pool_->Resume();
    default: {
      const auto by = std::chrono::seconds(1 + Random(6));
      steps_.push_back("advance " + std::to_string(by.count()) + " s");
      return clock_.Advance(by);
    }
  }
}

void PoolSchedule::OnServer() {
  if (Random(3) == 0) {
    refusing_ = !refusing_;
    steps_.push_back(refusing_ ? "refuse connects" : "accept connects");
    if (refusing_) return connector_->Fail();
    // A connect that fails after OnServerAnswered() would begin a new backoff.
    Eventually(kLong, [&] { return pool_->Stats().connecting == 0; });
    connector_->Succeed();
    return pool_->OnServerAnswered();
  }
  const auto sessions = connector_->sessions();
  if (sessions.empty() || !kills_) return;
  steps_.push_back("kill a session");
  sessions[Random(sessions.size())]->Kill();
}

void PoolSchedule::Close() {
  steps_.push_back("close");
  pool_->Close();
}

void PoolSchedule::Take(Arrival& arrival) {
  try {
    leases_.push_back(arrival.client->Get());
    last_served_ = std::max(last_served_, arrival.number);
    ++told_[AcquireOutcome::kWaited];
  } catch (const AcquireTimeout&) {
    ++told_[AcquireOutcome::kTimeout];
  } catch (const AcquireCancelled&) {
    ++told_[AcquireOutcome::kCancelled];
  } catch (const QueueFull&) {
    ++told_[AcquireOutcome::kQueueFull];
  } catch (const PoolClosed&) {
    ++told_[AcquireOutcome::kClosed];
  }
}

void PoolSchedule::Collect() {
  std::erase_if(waiting_, [this](Arrival& arrival) {
    if (!arrival.client->Ended()) return false;
    Take(arrival);
    return true;
  });
}

std::string PoolSchedule::AwaitRest() {
  std::string unrest;
  Eventually(kLong, [&] {
    unrest = Unrest();
    return unrest.empty() || !torn_.empty();
  });
  served_before_suspend_.reset();
  if (suspended_) served_before_suspend_ = told_[AcquireOutcome::kWaited];
  return torn_.empty() ? unrest : torn_;
}

std::string PoolSchedule::Unrest() {
  Collect();
  const PoolStats stats = pool_->Stats();
  torn_ = Contradiction(stats, detached_.size());
  if (before_) torn_ += DecreasedCounter(*before_, stats);
  before_ = stats;
  if (stats.connecting > 0) return "a connect is under way for ever";
  std::string wrong = Miscounted(stats);
  if (wrong.empty()) wrong = Misplaced(stats);
  if (wrong.empty()) wrong = Starved(stats);
  return wrong;
}

std::string PoolSchedule::Miscounted(const PoolStats& stats) const {
  if (stats.waiters != waiting_.size()) return "not every client is served, told or waiting";
  if (stats.in_use != leases_.size()) return "in_use and leases";
  for (const AcquireOutcome outcome : {AcquireOutcome::kTimeout, AcquireOutcome::kCancelled,
                                       AcquireOutcome::kQueueFull, AcquireOutcome::kClosed}) {
    if (stats.acquires[outcome] != told_[outcome]) {
      return "clients were told otherwise than " + std::string(base::Name(outcome)) + " says";
    }
  }
  const std::uint64_t served =
      stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited];
  return served == told_[AcquireOutcome::kWaited] ? "" : "served and counted";
}

std::string PoolSchedule::Misplaced(const PoolStats& stats) const {
  std::set<const FakeSession*> lent;
  for (const Lease& lease : leases_) lent.insert(&SessionOf(lease));
  if (lent.size() != leases_.size()) return "a connection is lent twice";
  if (connector_->open() != stats.idle + leases_.size() + detached_.size()) {
    return "an open connection has no owner";
  }
  // A waiter that was handed a dead connection keeps its place in the queue, but others may be
  // served until that is detected.
  const bool strict = options_.handoff_after == 0s && !kills_;
  if (strict && !waiting_.empty() && waiting_.front().number < last_served_) {
    return "a client was served before one that had come before";
  }
  return "";
}

std::string PoolSchedule::Starved(const PoolStats& stats) const {
  if (suspended_ && served_before_suspend_ &&
      told_[AcquireOutcome::kWaited] > *served_before_suspend_) {
    return "a client was served while the pool was suspended";
  }
  if (waiting_.empty() || suspended_) return "";
  if (stats.idle > 0) return "a client waits while a connection is idle";
  if (!refusing_ && stats.size < stats.target_size) return "a client waits while there is room";
  return "";
}

}  // namespace scidex::pool
