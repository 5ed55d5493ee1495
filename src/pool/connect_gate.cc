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
  if (std::exchange(client.turn, 0) != 0) Wake();
}

ConnectGate::Grant ConnectGate::Ask(Client& client, std::size_t wanted, TimePoint now) {
  MutexLock lock(mutex_);
  Grant grant;
  if (wanted > 0 && failing_ && under_way_ == 0 && now < retry_at_) {
    grant.retry_at = retry_at_;
    client.wants_more = true;
    return grant;
  }
  const std::size_t taken = under_way_ + ReservedBefore(client);
  grant.count = std::min(wanted, Limit() - std::min(Limit(), taken));
  under_way_ += grant.count;
  client.wants_more = grant.count < wanted;
  const bool had_reserved = client.turn != 0;
  if (wanted == 0 || grant.count > 0) {
    client.turn = 0;
  } else if (!had_reserved) {
    client.turn = ++last_turn_;
  }
  if (had_reserved && wanted == 0) Wake();
  return grant;
}

std::size_t ConnectGate::ReservedBefore(const Client& client) const {
  return static_cast<std::size_t>(
      std::count_if(clients_.begin(), clients_.end(), [&](const Client* other) {
        return other != &client && other->turn != 0 &&
               (client.turn == 0 || other->turn < client.turn);
      }));
}

std::size_t ConnectGate::Limit() const {
  return std::min(failing_ ? std::size_t{1} : limit_, max_under_way_);
}

void ConnectGate::End(std::size_t count) {
  under_way_ -= count;
  if (under_way_ == 0) limit_ = kUntilOneSucceeds;
}

void ConnectGate::OnSucceeded() {
  MutexLock lock(mutex_);
  backoff_.Reset();
  limit_ = std::exchange(failing_, false) ? kUntilOneSucceeds : limit_ + 1;
  End(1);
  Wake();
}

bool ConnectGate::Confirm(TimePoint now) {
  MutexLock lock(mutex_);
  if (!failing_ || (under_way_ == 1 && now >= retry_at_)) return true;
  TakeBack(1);
  return false;
}

void ConnectGate::OnFailed(TimePoint now) {
  MutexLock lock(mutex_);
  End(1);
  if (!std::exchange(failing_, true)) {
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
  End(count);
  same_failure_ -= std::min(same_failure_, count);
  Wake();
}

void ConnectGate::OnServerAnswered() {
  MutexLock lock(mutex_);
  retry_at_ = TimePoint::min();
  Wake();
}

void ConnectGate::ChangeBackoff(const base::BackoffOptions& options, TimePoint now) {
  MutexLock lock(mutex_);
  backoff_.Change(options);
  delay_ = std::min(delay_, options.cap);
  retry_at_ = std::min(retry_at_, base::Add(now, options.cap));
  Wake();
}

void ConnectGate::Wake() {
  for (Client* client : clients_) {
    if (std::exchange(client->wants_more, false) && client->wake) client->wake();
  }
}

}  // namespace scidex::pool
