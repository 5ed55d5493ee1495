#include "http/turns.h"

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

#include "http/awaitable.h"

namespace scidex::http {

asio::awaitable<Turns::Turn> Turns::Await() {
  if (!std::exchange(taken_, true)) co_return Turn(*this);
  Waiter waiter(waiters_, asio::steady_timer(co_await asio::this_coro::executor,
                                             asio::steady_timer::time_point::max()));
  if (waiters_.size() > max_waiting_) waiters_.front()->End(false);
  asio::error_code woken;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwaitable, woken));
  if (!waiter.granted) throw asio::system_error(asio::error::operation_aborted);
  co_return Turn(*this);
}

void Turns::Next() {
  taken_ = !waiters_.empty();
  if (!taken_) return;
  const bool newest = std::exchange(newest_is_next_, !newest_is_next_);
  (newest ? waiters_.back() : waiters_.front())->End(true);
}

}  // namespace scidex::http
