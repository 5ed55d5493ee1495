// Serves the requests that come on one connection, one after the other.
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
  // From a client's first byte of a request to the last of its head; also for a TLS handshake.
  base::Duration request = std::chrono::seconds(10);
  // Until the first byte.
  base::Duration idle = std::chrono::minutes(2);
  // For a client to read its answer, and for how long it may read nothing of it.
  base::Duration send = std::chrono::seconds(30);
  base::Duration stall = std::chrono::seconds(10);
};

// What connections share. For one io_context; outlives them.
struct Serving {
  const ConnectionTimeouts& timeouts;
  Deadlines& deadlines;
  CodeCounts& counts;
  InFlightCounter& in_flight;
  // Clients that are waited for to send a request.
  ClientList& idle_clients;
  AnswerMemory& memory;
  // Null where the client is to be closed without an answer.
  std::function<asio::awaitable<ReplyPtr>(const RequestHead& head, const Client& client)> answer;
};

// How one connection is served.
struct Terms {
  // Whatever is asked gets 400: the server speaks TLS, and this client does not.
  bool refuse_plain = false;
  // Asked before each request is answered; false closes the connection. Empty: it may go on.
  std::function<asio::awaitable<bool>()> may_go_on;
};

// Returns when the connection is done with, and leaves it open; throws asio::system_error when the
// client went, or did not go on in time. `stream` is the client's socket, or TLS over it.
template <typename Stream>
asio::awaitable<void> ServeConnection(Client& client, Stream& stream, Serving& serving,
                                      const Terms& terms);

// For the end of a connection: how long a client is waited for to take its leave.
inline constexpr auto kLingerTimeout = std::chrono::seconds(1);

// The first byte of a TLS record that begins a handshake.
// https://www.rfc-editor.org/rfc/rfc8446#section-5.1
inline constexpr unsigned char kTlsHandshake = 22;

}  // namespace scidex::http
