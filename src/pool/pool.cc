#include "pool/pool.h"

#include <utility>

#include "pool/core.h"

namespace scidex::pool {

Pool::Pool(std::string name, const PoolOptions& options, Dependencies dependencies) {
  Validate(options);
  core_ = std::make_shared<PoolCore>(std::move(name), options, std::move(dependencies));
  core_->Start();
}

Pool::~Pool() {
  if (core_->Forked()) {
    // Its threads and sockets belong to the parent: the child can only leak it.
    static_cast<void>(new std::shared_ptr<PoolCore>(std::move(core_)));
    return;
  }
  core_->Close();
}

Lease Pool::Acquire(const AcquireOptions& options, const base::CallSite& borrower) {
  return core_->Acquire(options, borrower);
}

Lease Pool::TryAcquire(const AcquireOptions& options, const base::CallSite& borrower) {
  return core_->TryAcquire(options, borrower);
}

void Pool::Resize(std::size_t target, ResizeCause cause) { core_->Resize(target, cause); }

void Pool::StartAt(std::size_t target) { core_->StartAt(target); }

void Pool::MakeRoomFor(const Pool& before, base::TimePoint until) noexcept {
  core_->MakeRoomFor(*before.core_, until);
}

void Pool::Drain() { core_->Drain(); }
void Pool::EvictIdle() { core_->EvictIdle(); }

void Pool::Suspend() { core_->Suspend(); }

void Pool::Resume() { core_->Resume(); }

void Pool::AwaitReady(base::TimePoint deadline, const std::stop_token& stop) {
  core_->AwaitReady(deadline, stop);
}

void Pool::OnServerAnswered() { core_->OnServerAnswered(); }

void Pool::Retire() { core_->Retire(); }

void Pool::Close() { core_->Close(); }

PoolStats Pool::Stats() const { return core_->Stats(); }

std::size_t Pool::target_size() const { return core_->target_size(); }

base::Duration Pool::acquire_timeout() const { return core_->acquire_timeout(); }

const std::string& Pool::name() const { return core_->name(); }

}  // namespace scidex::pool
