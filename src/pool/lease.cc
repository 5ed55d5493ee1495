#include "pool/lease.h"

#include <utility>

#include "pool/core.h"

namespace scidex::pool {

Lease::Lease(Lease&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), slot_(other.slot_) {
  Disown();
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Release();
    core_ = std::exchange(other.core_, nullptr);
    slot_ = other.slot_;
    Disown();
  }
  return *this;
}

void Lease::Disown() noexcept {
  if (core_ != nullptr) slot_->moved.store(true, std::memory_order_relaxed);
}

Lease Lease::Forward() noexcept { return Lease(std::exchange(core_, nullptr), slot_); }

Connection& Lease::connection() const { return *slot_->connection; }

const base::CallSite& Lease::borrower() const { return slot_->borrower; }

void Lease::Release() noexcept {
  if (PoolCore* const core = std::exchange(core_, nullptr)) core->Release(slot_);
}

std::unique_ptr<Connection> Lease::Detach() noexcept {
  PoolCore* const core = std::exchange(core_, nullptr);
  return core == nullptr ? nullptr : core->Detach(slot_);
}

void Lease::Evict(EvictReason reason) noexcept {
  if (PoolCore* const core = std::exchange(core_, nullptr)) core->Discard(slot_, reason);
}

}  // namespace scidex::pool
