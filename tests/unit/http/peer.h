// The other end of a client's connection.
#pragma once

#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <utility>

#include "http/client.h"

namespace scidex::http {

using Peer = asio::local::stream_protocol::socket;

// Returns the server's end of a connection to `peer`, which must not be open.
inline ClientSocket ConnectClient(Peer& peer) {
  Peer ours(peer.get_executor());
  asio::local::connect_pair(ours, peer);
  return ClientSocket(std::move(ours));
}

}  // namespace scidex::http
