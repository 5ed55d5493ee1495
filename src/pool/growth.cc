#include <algorithm>
#include <new>
#include <random>
#include <utility>

#include "base/local_failure.h"
#include "pool/core.h"

namespace scidex::pool {

namespace {

// Whether a failed connect indicates a problem of the server, not of this pool's login: other pools
// of the server would then fail too.
bool ConcernsServer(ConnectOutcome outcome) {
  switch (outcome) {
    case ConnectOutcome::kNameNotResolved:
    case ConnectOutcome::kConnectRefused:
    case ConnectOutcome::kConnectTimeout:
    case ConnectOutcome::kConnectFailed:
    case ConnectOutcome::kTooManyConnections:
    case ConnectOutcome::kNotAcceptingConnections:
      return true;
    case ConnectOutcome::kOk:
    case ConnectOutcome::kTlsFailed:
    case ConnectOutcome::kAuthFailed:
    case ConnectOutcome::kReadOnlyUnproven:
    case ConnectOutcome::kOtherServer:
    case ConnectOutcome::kLocalFailure:
      return false;
  }
  return false;
}

}  // namespace

using base::Duration;
using base::MutexLock;
using base::TimePoint;

std::size_t PoolCore::ConnectsWanted() const {
  const std::size_t queued = waiters_.size() > IdleCount() ? waiters_.size() - IdleCount() : 0;
  const std::size_t cold = options_.min_idle > IdleCount() ? options_.min_idle - IdleCount() : 0;
  const std::size_t taken = Size() + closing_;
  const std::size_t before = OpenBefore();
  const std::size_t most = before == 0
                               ? target_size_
                               : std::max({std::size_t{1}, options_.min_idle,
                                           target_size_ > before ? target_size_ - before : 0});
  const std::size_t room = most > taken ? most - taken : 0;
  const std::size_t wanted = std::max(queued, cold);
  return wanted > connecting_ ? std::min(wanted - connecting_, room) : 0;
}

void PoolCore::StartConnects(TimePoint now) {
  if (closed_) return;
  for (std::size_t granted = RequestConnects(ConnectsWanted(), now); granted > 0; --granted) {
    try {
      SubmitConnect();
    } catch (const std::bad_alloc&) {
      base::CountLocalFailure(base::LocalResource::kMemory);
      ReturnToGates(granted);
      return;
    }
  }
}

void PoolCore::SubmitConnect() {
  // A closed pool does not wait until its connects leave the queue, which others share.
  scheduler_.executor().Submit(base::TaskKind::kConnect, [core = weak_from_this()] {
    if (const std::shared_ptr<PoolCore> alive = core.lock()) alive->RunConnect();
  });
  ++connecting_;
  ++queued_connects_;
}

std::size_t PoolCore::RequestConnects(std::size_t wanted, TimePoint now) {
  if (wanted == 0 && !has_reserved_connect_) return 0;
  ConnectGate::Grant grant = own_gate_.Ask(own_client_, wanted, now);
  if (server_gate_ && (grant.count > 0 || has_reserved_connect_)) {
    const std::size_t by_own = grant.count;
    const ConnectGate::Grant of_server = server_gate_->Ask(server_client_, by_own, now);
    own_gate_.Return(by_own - of_server.count);
    has_reserved_connect_ = by_own > 0 && of_server.count == 0;
    if (by_own > 0) grant = of_server;
  }
  if (grant.count == 0 && grant.retry_at != base::kNever) housekeeping_->TriggerAt(grant.retry_at);
  return grant.count;
}

bool PoolCore::ConfirmAtGates(TimePoint now) {
  if (!own_gate_.Confirm(now)) {
    if (server_gate_) server_gate_->Return(1);
    return false;
  }
  if (!server_gate_ || server_gate_->Confirm(now)) return true;
  own_gate_.Return(1);
  return false;
}

void PoolCore::ReportToGates(ConnectOutcome outcome, TimePoint now) {
  if (closed_ && outcome != ConnectOutcome::kOk) {
    // It may have failed because the pool stopped it.
    ReturnToGates(1);
    return;
  }
  const bool of_server = server_gate_ && ConcernsServer(outcome);
  if (outcome == ConnectOutcome::kOk) {
    own_gate_.OnSucceeded();
  } else if (of_server) {
    own_gate_.Return(1);
  } else {
    own_gate_.OnFailed(now);
  }
  if (of_server) {
    server_gate_->OnFailed(now);
  } else if (server_gate_ && outcome == ConnectOutcome::kLocalFailure) {
    server_gate_->Return(1);
  } else if (server_gate_) {
    server_gate_->OnSucceeded();
  }
}

void PoolCore::ReturnToGates(std::size_t count) {
  own_gate_.Return(count);
  if (server_gate_) server_gate_->Return(count);
}

void PoolCore::RunConnect() {
  const std::optional<std::uint64_t> generation = BeginConnect();
  if (!generation) return;
  ConnectOne(*generation);
  MutexLock lock(mutex_);
  if (--connect_jobs_ == 0) quiet_.NotifyAll();
}

// Returns the generation of the connection to open, or nothing if the connect is no longer needed
// (its waiters were served or gave up) or if another connect has failed in the meantime.
std::optional<std::uint64_t> PoolCore::BeginConnect() {
  MutexLock lock(mutex_);
  if (closed_) return std::nullopt;
  --queued_connects_;
  --connecting_;
  if (ConnectsWanted() == 0) {
    ReturnToGates(1);
    return std::nullopt;
  }
  const TimePoint now = clock_.Now();
  if (!ConfirmAtGates(now)) {
    StartConnects(now);
    return std::nullopt;
  }
  ++connecting_;
  ++connect_jobs_;
  return generation_;
}

void PoolCore::ConnectOne(std::uint64_t generation) {
  const TimePoint started = clock_.Now();
  SlotList opened;
  ConnectResult result = Connect(started, opened);
  const TimePoint now = clock_.Now();
  const bool failed = result.outcome != ConnectOutcome::kOk;
  {
    DeferredClose deferred;
    MutexLock lock(mutex_);
    if (!closed_ || !failed) {
      ++counted_.connects[result.outcome];
      counted_.connect.Observe(now - started);
      if (result.outcome == ConnectOutcome::kReadOnlyUnproven) OnReadOnlyUnproven();
    }
    ReportToGates(result.outcome, now);
    if (failed) {
      OnConnectFailed(result);
    } else {
      OnConnected(opened, generation, now, deferred);
    }
    StartConnects(now);
  }
  if (failed && result.outcome != ConnectOutcome::kLocalFailure && on_trouble_) on_trouble_();
}

// The slot is created first: once there is a connection, nothing allocates.
ConnectResult PoolCore::Connect(TimePoint started, SlotList& slot) noexcept {
  ConnectResult result;
  try {
    slot.emplace_back();
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
    result.outcome = ConnectOutcome::kLocalFailure;
    return result;
  }
  result = connector_->Connect(base::Add(started, options_.connect_timeout), retired_.get_token());
  if (result.outcome != ConnectOutcome::kOk) return result;
  slot.front().connection = std::move(result.connection);
  slot.front().connection->Observe(this);
  slot.front().backend_pid = slot.front().connection->backend_pid();
  return result;
}

void PoolCore::OnConnected(SlotList& opened, std::uint64_t generation, TimePoint now,
                           DeferredClose& deferred) {
  counted_.last_connect_outcome = ConnectOutcome::kOk;
  counted_.last_connect_message.clear();
  Slot& slot = opened.front();
  slot.generation = generation;
  slot.expires_at = ExpiryOf(now);
  const bool stays = MayStay(slot, now);
  --connecting_;
  if (!stays) {
    Evict(opened, opened.begin(), ReasonToEvict(slot, now), deferred);
  } else {
    Offer(opened, opened.begin(), now);
    NotifyReady();
  }
}

void PoolCore::OnConnectFailed(ConnectResult& result) {
  --connecting_;
  if (closed_) return;
  counted_.last_connect_outcome = result.outcome;
  counted_.last_connect_message = std::move(result.message.words);
}

TimePoint PoolCore::ExpiryOf(TimePoint created) {
  if (options_.max_lifetime == Duration::zero()) return base::kNever;
  std::uniform_int_distribution<Duration::rep> early(0, options_.max_lifetime.count() / 10);
  return base::Add(created, options_.max_lifetime - Duration(early(jitter_)));
}

}  // namespace scidex::pool
