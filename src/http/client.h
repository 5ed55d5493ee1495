// A connection of a client.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <utility>

#include "http/deadlines.h"

namespace scidex::http {

// TCP; in tests, a socket pair.
using ClientSocket = asio::generic::stream_protocol::socket;

struct Client {
  Client(ClientSocket accepted, Deadlines& deadlines)
      : socket(std::move(accepted)), deadline(deadlines, socket.native_handle()) {}

  ClientSocket socket;
  Deadline deadline;
  // Whether it was closed because there were too many clients.
  bool makes_room = false;
};

// Whether the client has closed its sending side, or the whole connection.
bool HasHungUp(const Client& client);

// Whether nothing can be sent to the client any more.
bool IsGone(const Client& client);

}  // namespace scidex::http
