// Responses that bypass the backend: health checks must not wait for other requests.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/thread.h"
#include "http/memory_reserve.h"
#include "http/message.h"
#include "http/reply.h"
#include "http/request_head.h"

namespace scidex::http {

// Creates them on its own thread. Must outlive its coroutines.
class DirectAnswers {
 public:
  // Also called for HEAD, whose body is not sent.
  using Answer = std::function<Response(Request)>;

  DirectAnswers(std::set<std::string> paths, Answer answer);
  ~DirectAnswers();
  DirectAnswers(const DirectAnswers&) = delete;
  DirectAnswers& operator=(const DirectAnswers&) = delete;

  bool Has(const RequestHead& head) const;
  asio::awaitable<ReplyPtr> Make(const RequestHead& head);
  // Calls `call` on that thread.
  void CallBack(std::function<void()> call);

 private:
  // Runs on the thread.
  ReplyPtr Create(const RequestHead& head) const;

  const std::set<std::string> paths_;
  const Answer answer_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  MemoryReserve reserve_;
  std::optional<base::Thread> thread_;
};

}  // namespace scidex::http
