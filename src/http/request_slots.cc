#include "http/request_slots.h"

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <chrono>

#include "http/awaitable.h"

namespace scidex::http {

SlotGuard::~SlotGuard() {
  if (slots_ != nullptr) slots_->Release();
}

std::optional<SlotGuard> RequestSlots::TryAcquire() {
  if (free_ == 0) return std::nullopt;
  --free_;
  return SlotGuard(*this);
}

asio::awaitable<std::optional<SlotGuard>> RequestSlots::Acquire() {
  if (auto slot = TryAcquire()) co_return slot;
  if (waiters_.size() >= patience_.max_waiting) co_return std::nullopt;
  Waiter waiter(
      *this, asio::steady_timer(co_await asio::this_coro::executor,
                                base::Add(std::chrono::steady_clock::now(), patience_.max_wait)));
  asio::error_code woken;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwaitable, woken));
  // The timer may have expired while the slot was being granted.
  if (waiter.granted) co_return SlotGuard(*this);
  co_return std::nullopt;
}

void RequestSlots::Release() {
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  waiters_.front()->granted = true;
  waiters_.front()->timer.cancel();
  waiters_.pop_front();
}

void RequestSlots::Stop() {
  patience_.max_waiting = 0;
  for (Waiter* const waiter : waiters_) waiter->timer.cancel();
}

}  // namespace scidex::http
