#include "http/connection.h"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/awaitable.h"

namespace scidex::http {
namespace {

using asio::awaitable;
using Ends = Deadline::Ends;

constexpr std::size_t kHeadReadSize = 2048;
constexpr std::size_t kSendSize = 65536;

// Reads until `bytes` contains a complete head, and returns the position of its end.
template <typename Stream>
awaitable<std::size_t> ReadHead(Client& client, Stream& stream, Serving& serving,
                                std::string& bytes) {
  const ConnectionTimeouts& timeouts = serving.timeouts;
  ClientList::Entry entry(serving.idle_clients, client);
  const auto expire_after = [&](base::Duration timeout) {
    client.deadline.Set(base::Add(serving.deadlines.Now(), timeout), Ends::kReading);
  };
  expire_after(bytes.empty() ? timeouts.idle : timeouts.request);
  for (;;) {
    if (const auto end = FindHeadEnd(bytes)) co_return *end;
    if (bytes.size() >= kMaxHeadSize) {
      throw BadRequest(
          431, "the request's head is longer than " + std::to_string(kMaxHeadSize) + " bytes");
    }
    const std::size_t come = bytes.size();
    bytes.resize(std::min(come + kHeadReadSize, kMaxHeadSize));
    asio::error_code error;
    const std::size_t got =
        co_await stream.async_read_some(asio::buffer(bytes.data() + come, bytes.size() - come),
                                        asio::redirect_error(kAwaitable, error));
    bytes.resize(come + got);
    if (client.deadline.expired() && !bytes.empty()) {
      throw BadRequest(408, "the request was not completed in time");
    }
    if (error) throw asio::system_error(error);
    if (come == 0) expire_after(timeouts.request);
    if (static_cast<unsigned char>(bytes[0]) == kTlsHandshake) {
      throw BadRequest(400, "Client sent a TLS handshake to an HTTP server.");
    }
  }
}

// A reply may have a body that its client did not ask for. `bytes` are those of a refused request.
std::string_view BodyFor(const std::optional<RequestHead>& head, std::string_view bytes,
                         const Reply& reply) {
  const bool to_head = head ? head->method == "HEAD" : bytes.starts_with("HEAD ");
  return to_head ? std::string_view() : reply.body;
}

// `body` is the reply's, or empty.
template <typename Stream>
awaitable<void> Send(Client& client, Stream& stream, Serving& serving, const Reply& reply,
                     std::string_view body, bool keep_alive) {
  const std::string_view head = reply.head;
  const std::string_view connection =
      keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  const std::array<asio::const_buffer, 4> parts{
      asio::buffer(head.substr(0, reply.connection)), asio::buffer(connection),
      asio::buffer(head.substr(reply.rest)), asio::buffer(body)};
  ClientList::Entry entry(serving.memory.readers(), client);
  const base::TimePoint last = base::Add(serving.deadlines.Now(), serving.timeouts.send);
  const auto on_progress = [&](const asio::error_code& error, std::size_t) -> std::size_t {
    entry.Touch();
    client.deadline.Set(std::min(last, base::Add(serving.deadlines.Now(), serving.timeouts.stall)),
                        Ends::kBoth);
    return error ? 0 : kSendSize;
  };
  co_await asio::async_write(stream, parts, on_progress, kAwaitable);
}

// Reads and discards what the client still sends. If data stays unread, the kernel resets the
// connection, and the response may be lost.
awaitable<void> Linger(Client& client, Serving& serving) {
  const ClientList::Entry entry(serving.idle_clients, client);
  client.deadline.Set(base::Add(serving.deadlines.Now(), kLingerTimeout), Ends::kBoth);
  asio::error_code error;
  static_cast<void>(client.socket.shutdown(ClientSocket::shutdown_send, error));
  std::string bytes(kMaxHeadSize, '\0');
  while (!error && !client.deadline.expired()) {
    co_await client.socket.async_read_some(asio::buffer(bytes),
                                           asio::redirect_error(kAwaitable, error));
  }
}

// Reads one request. Returns nothing, and sets `refusal`, if the request cannot be served.
template <typename Stream>
awaitable<std::optional<RequestHead>> ReadRequest(Client& client, Stream& stream, Serving& serving,
                                                  const Terms& terms, std::string& bytes,
                                                  ReplyPtr& refusal) {
  try {
    const std::size_t end = co_await ReadHead(client, stream, serving, bytes);
    if (terms.refuse_plain) {
      throw BadRequest(400, "Client sent an HTTP request to an HTTPS server.");
    }
    RequestHead head = ParseHead(std::string_view(bytes).substr(0, end));
    bytes.erase(0, end);
    co_return head;
  } catch (const BadRequest& error) {
    refusal = Refusal(error.code(), error.what());
    co_return std::nullopt;
  }
}

}  // namespace

template <typename Stream>
awaitable<void> ServeConnection(Client& client, Stream& stream, Serving& serving,
                                const Terms& terms) {
  std::string bytes;
  bool keep_alive = true;
  bool unread = false;
  while (keep_alive) {
    ReplyPtr reply;
    const std::optional<RequestHead> head =
        co_await ReadRequest(client, stream, serving, terms, bytes, reply);
    const InFlightGuard in_flight(serving.in_flight);
    // No timeout of the client applies while the response is created.
    client.deadline.Clear();
    unread = !head || head->has_body;
    keep_alive = head && head->keep_alive && !unread;
    if (head) {
      if (terms.may_go_on && !co_await terms.may_go_on()) co_return;
      reply = co_await serving.answer(*head, client);
      if (reply == nullptr) co_return;
      keep_alive = keep_alive && !reply->last;
    }
    serving.counts.Count(reply->code);
    co_await Send(client, stream, serving, *reply, BodyFor(head, bytes, *reply), keep_alive);
  }
  if (unread || !bytes.empty()) co_await Linger(client, serving);
}

template awaitable<void> ServeConnection(Client&, ClientSocket&, Serving&, const Terms&);
template awaitable<void> ServeConnection(Client&, asio::ssl::stream<ClientSocket&>&, Serving&,
                                         const Terms&);

}  // namespace scidex::http
