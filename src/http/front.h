// What clients connect to: it reads whole requests, over TLS or not, and passes them on to the
// backend. So a client that is idle, or slow to send or to read, costs a few kilobytes and no
// thread, however many there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "http/codes.h"
#include "http/message.h"
#include "http/tls.h"

namespace scidex::http {

struct FrontLimits {
  // From a client's first byte of a request to the last of its head; also for a TLS handshake.
  base::Duration request_timeout = std::chrono::seconds(10);
  // Until the first byte.
  base::Duration idle_timeout = std::chrono::minutes(2);
  // For a client to read its answer, and for how long it may read nothing of it.
  base::Duration send_timeout = std::chrono::seconds(30);
  base::Duration stall_timeout = std::chrono::seconds(10);
  // For the backend to answer.
  base::Duration backend_timeout = std::chrono::seconds(30);
  // At most so many clients, and fewer where the limit of open files less `reserved_files` is
  // lower. One more closes the connection that has been idle for longest, or is refused if no
  // client is idle.
  std::size_t max_clients = 4096;
  // Files that the process opens beside those of the server.
  std::size_t reserved_files = 64;
  // Bytes of answers that are under way to clients. One more answer closes the client that has read
  // nothing for longest.
  std::size_t max_answer_bytes = std::size_t{64} << 20;
  // Requests that wait for one of the backend's connections, and for how long; one more, or longer,
  // gets 503.
  std::size_t max_waiting = 16;
  base::Duration max_wait = std::chrono::milliseconds(250);
};

struct FrontOptions {
  // They do not block.
  std::vector<base::UniqueFd> listeners;
  // Null: plain HTTP.
  Tls* tls = nullptr;
  // The unix socket of the backend, and how many requests it takes at once.
  std::string backend_path;
  int backend_connections = 0;
  // Paths that are not the backend's, and what they answer. HEAD is left to the front. Called on
  // one thread.
  std::set<std::string> direct_paths;
  std::function<Response(Request)> direct_answer;

  FrontLimits limits;
};

// Thread safe.
class Front {
 public:
  // Serves when this returns, on threads of its own. Throws ServerError where the limit of open
  // files is too low.
  Front(FrontOptions options, CodeCounts& counts);
  // Closes all connections.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Changes FrontLimits::reserved_files. Throws ServerError, and changes nothing, where the limit
  // of open files is too low for it.
  void ReserveFiles(std::size_t files);

  // Calls back once the thread that has the clients, and then the one that makes direct answers,
  // has come to it: never, where one of them stands still, or the front ends before. The call must
  // not throw.
  void CallBack(std::function<void()> call);

  // Waits until no answer is under way, or until then.
  void Drain(base::TimePoint until);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scidex::http
