#include "http/request_queue.h"

#include <algorithm>
#include <array>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <optional>
#include <string_view>

#include "http/awaitable.h"
#include "http/equal_fold.h"
#include "http/handed_bodies.h"

namespace scidex::http {
namespace {

// Whether a header concerns only the connection to the client, or a body, or is the front's own.
bool IsNotForwarded(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{
      "connection", "content-length",    "expect",  "http2-settings", "keep-alive",
      "te",         "transfer-encoding", "trailer", "upgrade",        kBodyPlaceHeader};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view one) { return EqualFold(one, name); });
}

// Without the empty line at its end.
std::string ToBackend(const RequestHead& head) {
  std::string text = head.method + ' ' + head.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) {
    if (!IsNotForwarded(name)) text.append(name).append(": ").append(value).append("\r\n");
  }
  // Allowed within a value, but civetweb refuses it.
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

asio::awaitable<ReplyPtr> RequestQueue::Ask(const RequestHead& head, const Client& client) {
  if (IsGone(client)) co_return nullptr;
  const std::string request = ToBackend(head);
  if (const auto slot = slots_.TryAcquire()) co_return co_await backend_.Exchange(request);
  const auto same = waiting_.find(request);
  if (max_clients_) {
    const std::size_t max = max_clients_();
    const std::size_t different = slots_.waiting();
    const std::size_t of_kind = same == waiting_.end() ? different : clients_ - different;
    if (clients_ >= max || of_kind >= max - max / 3) co_return Refusal(503, refusal_);
  }
  if (same == waiting_.end()) {
    const bool may_share = head.method == "GET" || head.method == "HEAD";
    co_return co_await AskFirst(request, may_share, client);
  }
  co_return co_await Join(same->second, client);
}

asio::awaitable<ReplyPtr> RequestQueue::Join(std::shared_ptr<Shared> shared, const Client& client) {
  const Counted counted(clients_);
  shared->clients.push_back(&client);
  while (!shared->is_done) {
    asio::error_code woken;
    co_await shared->done.async_wait(asio::redirect_error(kAwaitable, woken));
  }
  co_return shared->reply;
}

asio::awaitable<ReplyPtr> RequestQueue::AskFirst(const std::string& request, bool may_share,
                                                 const Client& client) {
  const auto shared = std::make_shared<Shared>(co_await asio::this_coro::executor);
  const Finish finish(*shared);
  shared->clients.push_back(&client);
  std::optional<SlotGuard> slot;
  {
    const auto place = may_share ? waiting_.emplace(request, shared).first : waiting_.end();
    struct Leave {
      ~Leave() {
        if (place != all.end()) all.erase(place);
      }
      decltype(waiting_)& all;
      decltype(waiting_)::iterator place;
    };
    const Leave leave{waiting_, place};
    const Counted counted(clients_);
    std::optional<SlotGuard> granted = co_await slots_.Acquire();
    if (granted) slot.emplace(std::move(*granted));
  }
  if (!slot) {
    shared->reply = Refusal(503, refusal_);
  } else if (!std::all_of(shared->clients.begin(), shared->clients.end(),
                          [](const Client* one) { return HasHungUp(*one); })) {
    shared->reply = co_await backend_.Exchange(request);
  }
  co_return shared->reply;
}

}  // namespace scidex::http
