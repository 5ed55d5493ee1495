#include <algorithm>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>

#include "base/local_failure.h"
#include "pool/core.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

namespace {

// If the server has a gate, only that gate limits the number of concurrent connects.
ConnectGateOptions OwnGate(const PoolOptions& options, bool server_has_gate) {
  ConnectGateOptions gate{options.backoff};
  if (server_has_gate) gate.max_under_way = SIZE_MAX;
  return gate;
}

}  // namespace

PoolCore::PoolCore(std::string name, const PoolOptions& options, Pool::Dependencies dependencies)
    : name_(std::move(name)),
      options_(options),
      connector_(std::move(dependencies.connector)),
      scheduler_(dependencies.scheduler),
      clock_(dependencies.clock),
      on_trouble_(std::move(dependencies.on_trouble)),
      own_gate_(OwnGate(options, dependencies.server_gate != nullptr), std::random_device{}()),
      server_gate_(std::move(dependencies.server_gate)),
      target_size_(options.max_size),
      last_shrink_(clock_.Now()),
      handoff_(options.handoff_after),
      jitter_(std::random_device{}()) {
  counted_.name = name_;
  counted_.max_size = options_.max_size;
  counted_.min_idle = options_.min_idle;
  counted_.max_waiters = options_.max_waiters;
  counted_.acquire_timeout = options_.acquire_timeout;
  counted_.leak_after = options_.leak_after;
}

PoolCore::~PoolCore() = default;

void PoolCore::Start() {
  const auto task = std::make_shared<base::PeriodicTask>(
      scheduler_, base::TaskKind::kHousekeeping,
      [this](const std::stop_token&) { return RunHousekeeping(); });
  {
    MutexLock lock(mutex_);
    housekeeping_ = task;
  }
  server_client_.wake = [&task = *task] { task.Trigger(); };
  if (server_gate_) server_gate_->Join(server_client_);
  task->Start(TimePoint::min());
}

void PoolCore::Resize(std::size_t target, ResizeCause cause) {
  if (target < 1 || target < options_.min_idle || target > options_.max_size) {
    throw std::invalid_argument("pool " + name_ + ": target_size " + std::to_string(target) +
                                " must be at least 1 and min_idle (" +
                                std::to_string(options_.min_idle) + "), and at most max_size (" +
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

void PoolCore::EvictAllIdle(EvictReason reason, DeferredClose& deferred) {
  while (!idle_.empty()) Evict(idle_, idle_.begin(), reason, deferred);
}

void PoolCore::EvictIdle() {
  if (Forked()) return;
  DeferredClose deferred;
  MutexLock lock(mutex_);
  // SweepDeadIdle() evicts them, as after Drain().
  for (Slot& slot : checking_) slot.generation = kNoGeneration;
  EvictAllIdle(EvictReason::kDrained, deferred);
}

void PoolCore::StartAt(std::size_t target) {
  if (Forked()) return;
  const std::size_t floor = std::max<std::size_t>(1, options_.min_idle);
  MutexLock lock(mutex_);
  target_size_ = std::clamp(target, floor, options_.max_size);
  StartConnects(clock_.Now());
  FindDeadlock();
}

void PoolCore::MakeRoomFor(PoolCore& before, TimePoint until) noexcept {
  if (Forked()) return;
  try {
    std::vector<std::shared_ptr<std::atomic<std::size_t>>> counts;
    {
      MutexLock lock(before.mutex_);
      counts = before.before_;
      counts.push_back(before.left_);
      before.left_->store(before.Size() + before.closing_);
      before.successor_ = weak_from_this();
    }
    MutexLock lock(mutex_);
    before_.swap(counts);
    before_counts_until_ = until;
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
  }
}

std::size_t PoolCore::OpenBefore() const {
  if (before_.empty() || clock_.Now() >= before_counts_until_) return 0;
  std::size_t open = 0;
  for (const auto& count : before_) open += count->load();
  return open;
}

void PoolCore::OnClosedBefore() {
  std::shared_ptr<PoolCore> successor;
  {
    MutexLock lock(mutex_);
    StartConnects(clock_.Now());
    successor = successor_.lock();
  }
  if (successor) successor->OnClosedBefore();
}

void PoolCore::Drain() {
  if (Forked()) return;
  DeferredClose deferred;
  MutexLock lock(mutex_);
  ++generation_;
  EvictAllIdle(EvictReason::kDrained, deferred);
}

// Housekeeping closes the connection if it is idle, because this may run on the thread that watches
// all sockets.
void PoolCore::OnPeerGone() {
  {
    MutexLock lock(mutex_);
    if (housekeeping_) housekeeping_->Trigger();
  }
  if (on_trouble_) on_trouble_();
}

// At most once a second: until there is a right server, every session may be connected to the wrong
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

void PoolCore::Retire() {
  if (Forked()) return;
  {
    DeferredClose deferred;
    MutexLock lock(mutex_);
    if (!closed_) {
      closed_ = true;
      connecting_ -= queued_connects_;
      ReturnToGates(queued_connects_);
      EvictAllIdle(EvictReason::kClosed, deferred);
      left_->store(Left());
      if (!leased_.empty()) self_ = shared_from_this();
      for (Waiter* waiter : waiters_) waiter->wake.NotifyOne();
      ready_.NotifyAll();
    }
  }
  if (server_gate_) server_gate_->Leave(server_client_);
  retired_.request_stop();
  MutexLock lock(mutex_);
  // SweepDeadIdle() closes the connections that it is checking.
  while (connect_jobs_ > 0 || !waiters_.empty() || !checking_.empty() || closing_ > 0 ||
         awaiting_ready_ > 0)
    quiet_.Wait(mutex_);
}

void PoolCore::Close() {
  if (Forked()) return;
  Retire();
  StopHousekeeping();
}

// A lease, and with it this object, may outlive the scheduler, so the task must be destroyed.
void PoolCore::StopHousekeeping() {
  std::shared_ptr<base::PeriodicTask> task;
  {
    MutexLock lock(mutex_);
    task = housekeeping_;
  }
  if (task) task->Stop();
  MutexLock lock(mutex_);
  housekeeping_.reset();
}

}  // namespace scidex::pool
