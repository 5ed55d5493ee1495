#include "http/backend_link.h"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/this_coro.hpp>
#include <asio/write.hpp>
#include <optional>
#include <string>
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
constexpr std::size_t kHeadSize = 512;

// Of a request that begins with "GET /metrics?a=b HTTP/1.1".
std::string_view PathOf(std::string_view request) {
  request.remove_prefix(std::min(request.find(' ') + 1, request.size()));
  return request.substr(0, request.find_first_of(" ?\r"));
}

// RFC 9110, section 9.2.2: only these have the same effect if they are sent twice.
bool MayBeRepeated(std::string_view request) {
  return request.starts_with("GET ") || request.starts_with("HEAD ") ||
         request.starts_with("OPTIONS ");
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

std::unique_ptr<BackendLink::Connection> BackendLink::TakeIdle() {
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

asio::awaitable<std::unique_ptr<BackendLink::Connection>> BackendLink::Connect() {
  asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(asio::local::stream_protocol::endpoint(path_), kAwaitable);
  co_return std::make_unique<Connection>(std::move(socket), deadlines_);
}

asio::awaitable<ReplyPtr> BackendLink::Ask(Connection& connection, const std::string& request) {
  auto reply = std::make_shared<Reply>();
  // Reserves memory before the backend creates the response: for the response, and as much for what
  // it is created from. Most are as long as the previous one.
  const std::string_view path = PathOf(request);
  const std::size_t room = RoomFor(path);
  std::optional<AnswerCharge> charge = co_await memory_.Reserve(2 * room);
  if (!charge) co_return nullptr;
  reply->charge = charge->Split(room);
  HandedBodies::Place place(bodies_);
  const std::string end = std::string(kBodyPlaceHeader) + ": " + place.name() + "\r\n\r\n";
  co_await asio::async_write(connection.socket,
                             std::array{asio::buffer(request), asio::buffer(end)}, kAwaitable);
  std::string& head = reply->head;
  head.reserve(kHeadSize);
  const std::size_t end_of_head = co_await asio::async_read_until(
      connection.socket, asio::dynamic_buffer(head), "\r\n\r\n", kAwaitable);
  reply->body = head.substr(end_of_head);
  head.resize(end_of_head);
  const std::size_t length = FindParts(*reply);
  // What the response was created from is gone.
  charge.reset();
  if (head.size() + length > room) {
    std::optional<AnswerCharge> rest = co_await memory_.Reserve(head.size() + length - room, room);
    if (!rest) co_return nullptr;
    reply->rest_charge = std::move(*rest);
  }
  std::string& body = reply->body;
  if (std::optional<std::string> handed = place.Take()) {
    body = std::move(*handed);
  } else {
    const std::size_t come = std::min(body.size(), length);
    body.resize(length);
    co_await asio::async_read(connection.socket, asio::buffer(body.data() + come, length - come),
                              kAwaitable);
  }
  if (body.capacity() / 2 > length) body.shrink_to_fit();
  Expect(path, head.size() + length);
  co_return reply;
}

asio::awaitable<ReplyPtr> BackendLink::Exchange(const std::string& request) {
  const base::TimePoint end = base::Add(deadlines_.Now(), timeout_);
  // A kept connection may have been closed meanwhile; a new one has not.
  for (bool kept = true; kept;) {
    bool expired = false;
    try {
      std::unique_ptr<Connection> connection = TakeIdle();
      // The backend serves the new connection on the thread of the kept one.
      if (!MayBeRepeated(request)) connection.reset();
      kept = connection != nullptr;
      if (!kept) connection = co_await Connect();
      connection->deadline.Set(end, Deadline::Ends::kBoth);
      ReplyPtr reply;
      try {
        reply = co_await Ask(*connection, request);
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
