// What clients connect to: it reads whole requests, over TLS or not, and passes them on to the
// backend. So a client that is idle, or slow to send or to read, costs a few kilobytes and no
// thread, however many there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "http/codes.h"
#include "http/tls.h"

namespace scidex::http {

struct FrontLimits {
  // From a client's first byte of a request to the last of its head; also for a TLS handshake.
  base::Duration request_timeout = std::chrono::seconds(10);
  // Until the first byte.
  base::Duration idle_timeout = std::chrono::minutes(2);
  // For a client to read its answer.
  base::Duration send_timeout = std::chrono::seconds(30);
  // At most so many clients, and fewer where the limit of open files less `reserved_files` is
  // lower. One more closes the connection that has been idle for longest, or is refused if no
  // client is idle.
  std::size_t max_clients = 4096;
  // Files that the process opens beside those of the server.
  std::size_t reserved_files = 64;
};

struct FrontOptions {
  // They do not block.
  std::vector<base::UniqueFd> listeners;
  // Null: plain HTTP.
  Tls* tls = nullptr;
  // Where the backend is, how many requests it takes at once, and what it knows the front by.
  std::uint16_t backend_port = 0;
  int backend_connections = 0;
  std::string backend_token;

  FrontLimits limits;
};

// Thread safe.
class Front {
 public:
  // Serves when this returns, on a thread of its own. Throws ServerError where the limit of open
  // files is too low.
  Front(FrontOptions options, CodeCounts& counts);
  // Hangs up on everybody.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Changes FrontLimits::reserved_files. Throws ServerError, and changes nothing, where the limit
  // of open files is too low for it.
  void ReserveFiles(std::size_t files);

  // Waits until no answer is under way, or until then.
  void Drain(base::TimePoint until);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scidex::http
