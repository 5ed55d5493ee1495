// A connection that a client has opened.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <utility>

#include "http/deadlines.h"

namespace scidex::http {

// TCP, or in tests a pair of sockets.
using ClientSocket = asio::generic::stream_protocol::socket;

struct Client {
  Client(ClientSocket accepted, Deadlines& deadlines)
      : socket(std::move(accepted)), deadline(deadlines, socket.native_handle()) {}

  ClientSocket socket;
  Deadline deadline;
};

// Whether the client has closed its side of the connection, or all of it.
bool HasHungUp(const Client& client);

// Whether the client can no longer be sent anything.
bool IsGone(const Client& client);

}  // namespace scidex::http
