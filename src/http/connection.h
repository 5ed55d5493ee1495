// Serves the requests of one connection, one after another.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>

#include "base/time.h"
#include "http/answer_memory.h"
#include "http/client.h"
#include "http/client_list.h"
#include "http/codes.h"
#include "http/deadlines.h"
#include "http/in_flight.h"
#include "http/reply.h"
#include "http/request_head.h"

namespace scidex::http {

struct ConnectionTimeouts {
  // From the first byte of a request to the end of its head; also for a TLS handshake.
  base::Duration request = std::chrono::seconds(10);
  // Until the first byte of a request.
  base::Duration idle = std::chrono::minutes(2);
  // For a client to read its response, in total and between two signs of progress.
  base::Duration send = std::chrono::seconds(30);
  base::Duration stall = std::chrono::seconds(10);
};

// Shared by all connections of one io_context. Must outlive them.
struct Serving {
  const ConnectionTimeouts& timeouts;
  Deadlines& deadlines;
  CodeCounts& counts;
  InFlightCounter& in_flight;
  // Clients that have yet to send a request.
  ClientList& idle_clients;
  AnswerMemory& memory;
  // A null reply closes the connection without a response.
  std::function<asio::awaitable<ReplyPtr>(const RequestHead& head, const Client& client)> answer;
};

// How one connection is served.
struct Terms {
  // Answers every request with 400: the server uses TLS, and this client does not.
  bool refuse_plain = false;
  // Called before each request is answered; false closes the connection. Empty means true.
  std::function<asio::awaitable<bool>()> may_go_on;
};

// Returns when the connection should be closed, and leaves it open. Throws asio::system_error if
// the client disconnects or a timeout expires. `stream` is the client's socket, or TLS over it.
template <typename Stream>
asio::awaitable<void> ServeConnection(Client& client, Stream& stream, Serving& serving,
                                      const Terms& terms);

// How long to wait for a client to close its side at the end of a connection.
inline constexpr auto kLingerTimeout = std::chrono::seconds(1);

// The first byte of a TLS record that contains a handshake message.
// https://www.rfc-editor.org/rfc/rfc8446#section-5.1
inline constexpr unsigned char kTlsHandshake = 22;

}  // namespace scidex::http
