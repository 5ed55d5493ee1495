#include "http/answer_memory.h"

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <chrono>

#include "http/awaitable.h"

namespace scidex::http {
namespace {

// A closed client releases its memory immediately; the timeout allows for a busy machine.
constexpr auto kRoomTimeout = std::chrono::seconds(1);

}  // namespace

AnswerCharge::~AnswerCharge() {
  if (memory_ != nullptr) memory_->Release(size_);
}

asio::awaitable<std::optional<AnswerCharge>> AnswerMemory::Reserve(std::size_t size,
                                                                   std::size_t held) {
  const auto executor = co_await asio::this_coro::executor;
  const auto end = std::chrono::steady_clock::now() + kRoomTimeout;
  while (!HasRoom(size, held)) {
    if (std::chrono::steady_clock::now() >= end) co_return std::nullopt;
    readers_.CloseLongestIdle();
    Waiter waiter(*this, asio::steady_timer(executor, end));
    asio::error_code woken;
    co_await waiter.timer.async_wait(asio::redirect_error(kAwaitable, woken));
  }
  used_ += size;
  co_return AnswerCharge(*this, size);
}

void AnswerMemory::Release(std::size_t size) {
  used_ -= size;
  for (Waiter* const waiter : waiters_) waiter->timer.cancel();
}

}  // namespace scidex::http
