#include "http/backend_link.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/this_coro.hpp>
#include <asio/write.hpp>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "http/awaitable.h"

namespace scidex::http {
namespace {

// Bounds of the memory that is reserved for a response before its size is known.
constexpr std::size_t kMinReservation = 16 << 10;
constexpr std::size_t kMaxReservation = 4 << 20;
constexpr std::size_t kMaxPaths = 64;

// Of a request that begins with "GET /metrics?a=b HTTP/1.1".
std::string_view PathOf(std::string_view request) {
  request.remove_prefix(std::min(request.find(' ') + 1, request.size()));
  return request.substr(0, request.find_first_of(" ?\r"));
}

}  // namespace

std::size_t BackendLink::RoomFor(std::string_view path) const {
  const auto expected = expected_sizes_.find(path);
  const std::size_t size = expected == expected_sizes_.end() ? 0 : expected->second;
  return std::clamp(size + kMinReservation / 4, kMinReservation, kMaxReservation);
}

// Adds only long responses, so that paths that do not exist are not stored.
void BackendLink::Expect(std::string_view path, std::size_t size) {
  const auto expected = expected_sizes_.find(path);
  if (expected != expected_sizes_.end()) {
    expected->second = size;
  } else if (size > kMinReservation && expected_sizes_.size() < kMaxPaths) {
    expected_sizes_.emplace(path, size);
  }
}

asio::awaitable<std::unique_ptr<BackendLink::Connection>> BackendLink::Connect() {
  asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(asio::local::stream_protocol::endpoint(path_), kAwaitable);
  co_return std::make_unique<Connection>(std::move(socket), deadlines_);
}

asio::awaitable<ReplyPtr> BackendLink::Ask(Connection& connection, const std::string& request,
                                           bool answer_has_body) {
  auto reply = std::make_shared<Reply>();
  // Reserves memory before the backend creates the response: for the response, and for the
  // backend's copy until it has been read. Most are as long as the previous one.
  const std::string_view path = PathOf(request);
  const std::size_t room = RoomFor(path);
  std::optional<AnswerCharge> charge = co_await memory_.Reserve(2 * room);
  if (!charge) co_return nullptr;
  reply->charge = charge->Split(room);
  co_await asio::async_write(connection.socket, asio::buffer(request), kAwaitable);
  reply->text.reserve(room);
  co_await asio::async_read_until(connection.socket, asio::dynamic_buffer(reply->text), "\r\n\r\n",
                                  kAwaitable);
  const std::size_t length = FindParts(*reply);
  const std::size_t whole = reply->body + (answer_has_body ? length : 0);
  if (whole > room) {
    std::optional<AnswerCharge> rest = co_await memory_.Reserve(whole - room);
    if (!rest) co_return nullptr;
    reply->rest_charge = std::move(*rest);
  }
  const std::size_t come = std::min(reply->text.size(), whole);
  reply->text.resize(whole);
  co_await asio::async_read(connection.socket,
                            asio::buffer(reply->text.data() + come, whole - come), kAwaitable);
  if (reply->text.capacity() / 2 > whole) reply->text.shrink_to_fit();
  Expect(path, whole);
  co_return reply;
}

asio::awaitable<ReplyPtr> BackendLink::Exchange(const std::string& request, bool answer_has_body) {
  const base::TimePoint end = base::Add(deadlines_.Now(), timeout_);
  // A kept connection may have been closed meanwhile; a new one has not.
  for (bool kept = true; kept;) {
    kept = !idle_.empty();
    bool expired = false;
    try {
      std::unique_ptr<Connection> connection;
      if (kept) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      } else {
        connection = co_await Connect();
      }
      connection->deadline.Set(end, Deadline::Ends::kBoth);
      ReplyPtr reply;
      try {
        reply = co_await Ask(*connection, request, answer_has_body);
      } catch (const asio::system_error&) {
        expired = connection->deadline.expired() || connection->deadline.interrupted();
        throw;
      }
      if (reply == nullptr) {
        co_return Refusal(503, "no memory for the response; try again later");
      }
      connection->deadline.Clear();
      if (!reply->last) idle_.push_back(std::move(connection));
      co_return reply;
    } catch (const asio::system_error& error) {
      if (kept && !expired) continue;
      base::LogError("http request was dropped",
                     {{"error", expired ? "no answer in time" : error.what()}});
      break;
    }
  }
  co_return Refusal(503, "the request could not be answered; try again");
}

}  // namespace scidex::http
