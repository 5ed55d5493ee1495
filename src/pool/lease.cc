#include "pool/lease.h"

#include <utility>

#include "pool/core.h"

namespace scidex::pool {

Lease::Lease(Lease&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), slot_(other.slot_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Release();
    core_ = std::exchange(other.core_, nullptr);
    slot_ = other.slot_;
  }
  return *this;
}

Connection& Lease::connection() const { return *slot_->connection; }

const base::CallSite& Lease::borrower() const { return slot_->borrower; }

void Lease::Release() noexcept {
  if (PoolCore* const core = std::exchange(core_, nullptr)) core->Release(slot_, std::nullopt);
}

void Lease::Evict(EvictReason reason) noexcept {
  if (PoolCore* const core = std::exchange(core_, nullptr)) core->Release(slot_, reason);
}

}  // namespace scidex::pool
