// The server's connections to clients. Reads complete requests, with or without TLS, and passes
// them to the backend. So an idle or slow client costs a few kilobytes and no thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "http/codes.h"
#include "http/handed_bodies.h"
#include "http/message.h"
#include "http/tls.h"

namespace scidex::http {

struct FrontLimits {
  // From the first byte of a request to the end of its head; also for a TLS handshake.
  base::Duration request_timeout = std::chrono::seconds(10);
  // Until the first byte of a request.
  base::Duration idle_timeout = std::chrono::minutes(2);
  // For a client to read its response, in total and between two signs of progress.
  base::Duration send_timeout = std::chrono::seconds(30);
  base::Duration stall_timeout = std::chrono::seconds(10);
  // For the backend to respond.
  base::Duration backend_timeout = std::chrono::seconds(30);
  // Maximum number of clients; fewer if the limit of open files less `reserved_files` is lower. A
  // further client displaces the one that has been idle longest. If none is idle, it displaces the
  // one that has not read its response for longest, or the one that began its handshake first, or
  // is refused.
  std::size_t max_clients = 4096;
  // Files that the process opens in addition to those of the server.
  std::size_t reserved_files = 64;
  // Bytes of responses that are being sent. If a response exceeds this, the client that has read
  // nothing for the longest time is closed.
  std::size_t max_answer_bytes = std::size_t{48} << 20;
  // Number of requests that may wait for a backend connection, and for how long; otherwise 503.
  // Fewer if they would use up the limit of clients, except if this is kNoLimit.
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  std::size_t max_waiting = 16;
  base::Duration max_wait = std::chrono::milliseconds(250);
};

struct FrontOptions {
  // Must be non-blocking.
  std::vector<base::UniqueFd> listeners;
  // Null for plain HTTP.
  Tls* tls = nullptr;
  // The unix socket of the backend, where it puts bodies, and the number of requests that it
  // handles concurrently.
  std::string backend_path;
  HandedBodies* backend_bodies = nullptr;
  int backend_connections = 0;
  // Paths that bypass the backend, and the function that answers them, on one thread. Also called
  // for HEAD, whose body is not sent.
  std::set<std::string> direct_paths;
  std::function<Response(Request)> direct_answer;

  FrontLimits limits;
};

// Thread-safe.
class Front {
 public:
  // Serves when it returns, on its own threads. Throws ServerError if the limit of open files is
  // too low.
  Front(FrontOptions options, CodeCounts& counts);
  // Closes all connections.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Changes FrontLimits::reserved_files. If that is another number and the limit of open files is
  // too low, throws ServerError and changes nothing.
  void ReserveFiles(std::size_t files);

  // Calls `call` after both the thread of the clients and that of direct responses have handled an
  // event for it. Never calls it if one of them hangs, or if the front stops first. `call` must not
  // throw.
  void CallBack(std::function<void()> call);

  // Blocks until no response is in progress, or until `until`.
  void Drain(base::TimePoint until);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scidex::http
