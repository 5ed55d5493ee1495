// The front's connections to the backend.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/answer_memory.h"
#include "http/deadlines.h"
#include "http/handed_bodies.h"
#include "http/reply.h"

namespace scidex::http {

// Not thread-safe: use it on one io_context only. Must outlive its exchanges.
class BackendLink {
 public:
  // `path` is the backend's socket, `bodies` is where it puts bodies; `timeout` applies to a whole
  // exchange.
  BackendLink(std::string path, HandedBodies& bodies, base::Duration timeout, Deadlines& deadlines,
              AnswerMemory& memory)
      : path_(std::move(path)),
        bodies_(bodies),
        timeout_(timeout),
        deadlines_(deadlines),
        memory_(memory) {}
  BackendLink(const BackendLink&) = delete;
  BackendLink& operator=(const BackendLink&) = delete;

  // Sends a request, which lacks only the empty line at the end of its head, and returns the
  // complete response, so that the backend does not wait for clients. Failures are logged and
  // answered with 503.
  asio::awaitable<ReplyPtr> Exchange(const std::string& request);

 private:
  struct Connection {
    Connection(asio::local::stream_protocol::socket connected, Deadlines& deadlines)
        : socket(std::move(connected)), deadline(deadlines, socket.native_handle()) {}

    asio::local::stream_protocol::socket socket;
    Deadline deadline;
  };

  // Null if none is idle.
  std::unique_ptr<Connection> TakeIdle();
  asio::awaitable<std::unique_ptr<Connection>> Connect();
  // Null if there is no memory for the response.
  asio::awaitable<ReplyPtr> Ask(Connection& connection, const std::string& request);

  std::size_t RoomFor(std::string_view path) const;
  void Expect(std::string_view path, std::size_t size);

  const std::string path_;
  HandedBodies& bodies_;
  const base::Duration timeout_;
  Deadlines& deadlines_;
  AnswerMemory& memory_;
  // Size of the latest response of each path.
  std::map<std::string, std::size_t, std::less<>> expected_sizes_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace scidex::http
