#include "pool/connect_gate.h"

#include <algorithm>
#include <utility>

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

void ConnectGate::Join(Client& client) {
  MutexLock lock(mutex_);
  clients_.push_back(&client);
}

void ConnectGate::Leave(Client& client) {
  MutexLock lock(mutex_);
  std::erase(clients_, &client);
}

ConnectGate::Grant ConnectGate::Ask(Client& client, std::size_t wanted, TimePoint now) {
  MutexLock lock(mutex_);
  Grant grant;
  const bool failing = limit_ == 1;
  if (failing && under_way_ == 0 && now < retry_at_) {
    grant.retry_at = retry_at_;
  } else {
    grant.count = std::min(wanted, limit_ - std::min(limit_, under_way_));
  }
  under_way_ += grant.count;
  client.wants_more = grant.count < wanted;
  return grant;
}

void ConnectGate::OnSucceeded() {
  MutexLock lock(mutex_);
  --under_way_;
  backoff_.Reset();
  if (limit_ != kUnlimited) limit_ = limit_ < kRampEnd ? limit_ + 1 : kUnlimited;
  Wake();
}

bool ConnectGate::Confirm(TimePoint now) {
  MutexLock lock(mutex_);
  if (limit_ > 1 || (under_way_ == 1 && now >= retry_at_)) return true;
  TakeBack(1);
  return false;
}

void ConnectGate::OnFailed(TimePoint now) {
  MutexLock lock(mutex_);
  --under_way_;
  if (std::exchange(limit_, 1) != 1) {
    same_failure_ = under_way_;
    delay_ = backoff_.Next();
  } else if (same_failure_ > 0) {
    --same_failure_;
  } else {
    delay_ = backoff_.Next();
  }
  retry_at_ = base::Add(now, delay_);
  Wake();
}

void ConnectGate::Return(std::size_t count) {
  if (count == 0) return;
  MutexLock lock(mutex_);
  TakeBack(count);
}

void ConnectGate::TakeBack(std::size_t count) {
  under_way_ -= count;
  same_failure_ -= std::min(same_failure_, count);
  Wake();
}

void ConnectGate::OnServerAnswered() {
  MutexLock lock(mutex_);
  retry_at_ = TimePoint::min();
  Wake();
}

void ConnectGate::Wake() {
  for (Client* client : clients_) {
    if (std::exchange(client->wants_more, false) && client->wake) client->wake();
  }
}

}  // namespace scidex::pool
