#include <random>
#include <stdexcept>
#include <utility>

#include "base/fork.h"
#include "pool/core.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

PoolCore::PoolCore(std::string name, const PoolOptions& options, Pool::Dependencies dependencies)
    : name_(std::move(name)),
      options_(options),
      connector_(std::move(dependencies.connector)),
      executor_(dependencies.executor),
      clock_(dependencies.clock),
      on_trouble_(std::move(dependencies.on_trouble)),
      fork_generation_(base::ForkGeneration()),
      target_size_(options.max_size),
      last_shrink_(clock_.Now()),
      own_gate_(options.backoff, std::random_device{}()),
      server_gate_(std::move(dependencies.server_gate)),
      jitter_(std::random_device{}()) {
  counted_.name = name_;
  counted_.max_size = options_.max_size;
  counted_.min_idle = options_.min_idle;
  counted_.max_waiters = options_.max_waiters;
  counted_.acquire_timeout = options_.acquire_timeout;
}

PoolCore::~PoolCore() = default;

void PoolCore::Start() {
  housekeeper_ =
      std::make_unique<base::PeriodicTask>(clock_, "pool-" + name_, base::kNever,
                                           [this](const std::stop_token&) { return KeepHouse(); });
  server_client_.wake = [this] { housekeeper_->Trigger(); };
  if (server_gate_) server_gate_->Join(server_client_);
  // Not before housekeeper_ is set: the first connect that fails makes use of it.
  housekeeper_->Trigger();
}

bool PoolCore::Forked() const { return base::ForkGeneration() != fork_generation_; }

void PoolCore::Resize(std::size_t target, ResizeCause cause) {
  if (target < 1 || target < options_.min_idle || target > options_.max_size) {
    throw std::invalid_argument("pool " + name_ + ": target_size " + std::to_string(target) +
                                " must be from min_idle (" + std::to_string(options_.min_idle) +
                                "), and at least 1, to max_size (" +
                                std::to_string(options_.max_size) + ")");
  }
  if (Forked()) return;
  MutexLock lock(mutex_);
  if (target == target_size_) return;
  const ResizeDirection direction =
      target > target_size_ ? ResizeDirection::kUp : ResizeDirection::kDown;
  ++counted_.resizes[direction][cause];
  target_size_ = target;
  StartConnects(clock_.Now());
  FindDeadlock();
}

void PoolCore::Drain() {
  if (Forked()) return;
  Leftovers leftovers;
  MutexLock lock(mutex_);
  ++generation_;
  while (!idle_.empty()) Evict(idle_, idle_.begin(), EvictReason::kDrained, leftovers);
}

// The housekeeper closes what is idle of it: this may be the thread that watches all sockets.
void PoolCore::OnPeerGone() {
  housekeeper_->Trigger();
  if (on_trouble_) on_trouble_();
}

// Not more often than each second: until there is a right server, every session may find the wrong
// one.
void PoolCore::OnWrongServer() {
  {
    MutexLock lock(mutex_);
    const TimePoint now = clock_.Now();
    if (now < next_replacement_) return;
    next_replacement_ = base::Add(now, std::chrono::seconds(1));
  }
  Drain();
  if (on_trouble_) on_trouble_();
}

void PoolCore::Suspend() {
  if (Forked()) return;
  MutexLock lock(mutex_);
  suspended_ = true;
}

void PoolCore::Resume() {
  if (Forked()) return;
  MutexLock lock(mutex_);
  suspended_ = false;
  WakeHead();
}

void PoolCore::OnServerAnswered() {
  if (Forked()) return;
  own_gate_.OnServerAnswered();
  if (server_gate_) server_gate_->OnServerAnswered();
  MutexLock lock(mutex_);
  StartConnects(clock_.Now());
}

void PoolCore::Close() {
  if (Forked()) return;
  {
    Leftovers leftovers;
    MutexLock lock(mutex_);
    if (!closed_) {
      closed_ = true;
      connecting_ -= queued_connects_;
      ReturnToGates(queued_connects_);
      while (!idle_.empty()) Evict(idle_, idle_.begin(), EvictReason::kClosed, leftovers);
      if (!leased_.empty()) self_ = shared_from_this();
      for (Waiter* waiter : waiters_) waiter->wake.NotifyOne();
      ready_.NotifyAll();
    }
  }
  if (server_gate_) server_gate_->Leave(server_client_);
  stop_connects_.request_stop();
  housekeeper_->Stop();
  MutexLock lock(mutex_);
  while (connect_jobs_ > 0 || !waiters_.empty() || closing_ > 0 || awaiting_ready_ > 0)
    quiet_.Wait(mutex_);
}

}  // namespace scidex::pool
