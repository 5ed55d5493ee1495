#include <algorithm>
#include <random>
#include <utility>

#include "pool/core.h"

namespace scidex::pool {

using base::Duration;
using base::MutexLock;
using base::TimePoint;

std::size_t PoolCore::ConnectsWanted() const {
  const std::size_t queued = waiters_.size() > IdleCount() ? waiters_.size() - IdleCount() : 0;
  const std::size_t cold = options_.min_idle > IdleCount() ? options_.min_idle - IdleCount() : 0;
  const std::size_t taken = Size() + closing_;
  const std::size_t room = target_size_ > taken ? target_size_ - taken : 0;
  const std::size_t wanted = std::max(queued, cold);
  return wanted > connecting_ ? std::min(wanted - connecting_, room) : 0;
}

void PoolCore::StartConnects(TimePoint now) {
  if (closed_) return;
  std::size_t wanted = ConnectsWanted();
  if (failing_ && wanted > 0) {
    if (connecting_ > 0) return;
    if (now < retry_at_) {
      housekeeper_->TriggerAt(retry_at_);
      return;
    }
    wanted = 1;
  }
  for (; wanted > 0; --wanted) {
    ++connecting_;
    ++queued_connects_;
    // A closed pool does not wait for its turn in a queue that others share.
    executor_.Submit([core = weak_from_this()] {
      if (const std::shared_ptr<PoolCore> alive = core.lock()) alive->RunConnect();
    });
  }
}

void PoolCore::RunConnect() {
  const std::optional<std::uint64_t> generation = BeginConnect();
  if (!generation) return;
  ConnectOne(*generation);
  MutexLock lock(mutex_);
  if (--connect_jobs_ == 0) quiet_.NotifyAll();
}

// The generation of the connection to be opened; nothing if, while this was queued, whatever asked
// for it was served or gave up.
std::optional<std::uint64_t> PoolCore::BeginConnect() {
  MutexLock lock(mutex_);
  if (closed_) return std::nullopt;
  --queued_connects_;
  --connecting_;
  if (ConnectsWanted() == 0) return std::nullopt;
  ++connecting_;
  ++connect_jobs_;
  return generation_;
}

void PoolCore::ConnectOne(std::uint64_t generation) {
  const TimePoint started = clock_.Now();
  ConnectResult result =
      connector_->Connect(base::Add(started, options_.connect_timeout), stop_connects_.get_token());
  const TimePoint now = clock_.Now();
  const bool failed = result.outcome != ConnectOutcome::kOk;
  if (!failed) result.connection->Observe(this);
  {
    Leftovers leftovers;
    MutexLock lock(mutex_);
    if (!closed_ || !failed) {
      ++counted_.connects[result.outcome];
      counted_.connect.Observe(now - started);
    }
    if (failed) {
      OnConnectFailed(result, now);
    } else {
      OnConnected(result, generation, now, leftovers);
    }
    StartConnects(now);
  }
  if (failed && on_trouble_) on_trouble_();
}

void PoolCore::OnConnected(ConnectResult& result, std::uint64_t generation, TimePoint now,
                           Leftovers& leftovers) {
  failing_ = false;
  backoff_.Reset();
  counted_.last_connect_outcome = ConnectOutcome::kOk;
  counted_.last_connect_message.clear();
  SlotList opened;
  opened.emplace_back();
  Slot& slot = opened.front();
  slot.connection = std::move(result.connection);
  slot.generation = generation;
  slot.expires_at = ExpiryOf(now);
  const auto reason = ReasonToEvict(slot, now);
  --connecting_;
  if (reason) {
    Evict(opened, opened.begin(), *reason, leftovers);
  } else {
    Offer(opened, opened.begin(), now);
    TellReady();
  }
}

void PoolCore::OnConnectFailed(const ConnectResult& result, TimePoint now) {
  --connecting_;
  if (closed_) return;
  counted_.last_connect_outcome = result.outcome;
  counted_.last_connect_message = result.message;
  failing_ = true;
  // Of connects that were under way together, the last to fail sets the time of the next attempt.
  if (connecting_ == 0) retry_at_ = base::Add(now, backoff_.Next());
}

TimePoint PoolCore::ExpiryOf(TimePoint created) {
  if (options_.max_lifetime == Duration::zero()) return base::kNever;
  std::uniform_int_distribution<Duration::rep> early(0, options_.max_lifetime.count() / 10);
  return base::Add(created, options_.max_lifetime - Duration(early(jitter_)));
}

}  // namespace scidex::pool
