#include "http/newest_first.h"

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

#include "http/awaitable.h"

namespace scidex::http {

asio::awaitable<NewestFirst::Turn> NewestFirst::Await(const Client& client) {
  if (!std::exchange(taken_, true)) co_return Turn(*this);
  Waiter waiter(*this, client,
                asio::steady_timer(co_await asio::this_coro::executor,
                                   asio::steady_timer::time_point::max()));
  asio::error_code woken;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwaitable, woken));
  // The wait may have been cancelled after the turn was granted.
  if (!waiter.granted) throw asio::system_error(asio::error::operation_aborted);
  co_return Turn(*this);
}

void NewestFirst::Cancel(const Client& client) {
  for (Waiter* const waiter : waiters_) {
    if (&waiter->client == &client) waiter->timer.cancel();
  }
}

void NewestFirst::Next() {
  taken_ = !waiters_.empty();
  if (!taken_) return;
  Waiter& newest = *waiters_.back();
  waiters_.pop_back();
  newest.granted = true;
  newest.timer.cancel();
}

}  // namespace scidex::http
