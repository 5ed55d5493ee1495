// The completion token of the server's coroutines.
#pragma once

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "http/memory_reserve.h"

namespace scidex::http {

// As asio::use_awaitable, but a lack of memory does not end the process (memory_reserve.h): neither
// the start of the operation nor, in RunLoop(), its continuation by Asio fails. The coroutine may.
struct Awaitable {};
inline constexpr Awaitable kAwaitable;

// A handler that resumes a coroutine.
template <typename Handler>
class ResumingHandler {
 public:
  // What Asio looks for.
  using executor_type = typename Handler::executor_type;  // NOLINT(readability-identifier-naming)
  using cancellation_slot_type =                          // NOLINT(readability-identifier-naming)
      typename Handler::cancellation_slot_type;

  explicit ResumingHandler(Handler&& handler) : handler_(std::move(handler)) {}

  executor_type get_executor() const noexcept { return handler_.get_executor(); }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return handler_.get_cancellation_slot();
  }

  template <typename... Args>
  void operator()(Args&&... args) {
    const MayFail scope;
    handler_(std::forward<Args>(args)...);
  }

 private:
  Handler handler_;
};

}  // namespace scidex::http

template <typename Result, typename... Args>
class asio::async_result<scidex::http::Awaitable, Result(Args...)> {
  using Plain = async_result<use_awaitable_t<>, Result(Args...)>;

 public:
  // NOLINTBEGIN(readability-identifier-naming): what Asio looks for
  using handler_type = scidex::http::ResumingHandler<typename Plain::handler_type>;
  using return_type = typename Plain::return_type;
  // NOLINTEND(readability-identifier-naming)

  template <typename Initiation, typename... InitArgs>
  static return_type initiate(Initiation&& initiation, scidex::http::Awaitable /*token*/,
                              InitArgs&&... args) {
    // Also for the frame of the operation: the loops that nothing may end have to wait.
    const scidex::http::MustNotFail scope;
    return Plain::initiate(
        [initiation = std::decay_t<Initiation>(std::forward<Initiation>(initiation))](
            typename Plain::handler_type handler, auto&&... rest) mutable {
          const scidex::http::MustNotFail starting;
          std::move(initiation)(handler_type(std::move(handler)),
                                std::forward<decltype(rest)>(rest)...);
        },
        use_awaitable_t<>(), std::forward<InitArgs>(args)...);
  }
};
