#include "http/direct_answers.h"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <utility>

#include "http/awaitable.h"
#include "http/memory_reserve.h"
#include "http/run_loop.h"

namespace scidex::http {

DirectAnswers::DirectAnswers(std::set<std::string> paths, Answer answer)
    : paths_(std::move(paths)), answer_(std::move(answer)) {
  thread_.emplace("http-health", [this] { RunLoop(io_, reserve_); });
}

DirectAnswers::~DirectAnswers() {
  work_.reset();
  thread_->Join();
}

bool DirectAnswers::Has(const RequestHead& head) const {
  return paths_.contains(head.target.substr(0, head.target.find('?')));
}

ReplyPtr DirectAnswers::Create(const RequestHead& head) const {
  const MayFail scope;
  Request request{head.method, head.target, "", head.headers};
  if (const std::size_t mark = head.target.find('?'); mark != std::string::npos) {
    request.path = head.target.substr(0, mark);
    request.query = head.target.substr(mark + 1);
  }
  return MakeReply(answer_(std::move(request)));
}

asio::awaitable<ReplyPtr> DirectAnswers::Make(const RequestHead& head) {
  const auto make = [this, &head]() -> asio::awaitable<ReplyPtr> { co_return Create(head); };
  co_return co_await asio::co_spawn(io_, make, kAwaitable);
}

void DirectAnswers::CallBack(std::function<void()> call) { asio::post(io_, std::move(call)); }

}  // namespace scidex::http
