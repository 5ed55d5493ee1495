// An HTTP/1.1 server for a few fixed paths.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/error.h"
#include "http/message.h"
#include "http/options.h"

namespace scidex::http {

// Thread safe. GET and HEAD go to the handler of exactly that path; other methods get 405, other
// paths 404 with the list of paths that there are. For HEAD the body is dropped on the way out.
//
// Each connection holds one of `max_requests` threads while its request is read and answered, and
// for a second after that, in case another request follows. A client that sends nothing, or reads
// nothing, is given up after five seconds.
class Server {
 public:
  // Binds and serves. Throws ServerError. SIGPIPE is ignored in this process from then on.
  Server(const ServerOptions& options, std::map<std::string, Handler> handlers);
  // Lets the responses under way finish for up to half a second (requests that come in then get
  // 503), hangs up on everybody, and returns when no handler runs any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The ports bound, in the order of listen_addresses: what port 0 became.
  std::vector<int> ports() const;

  // Responses by status code since the start, in ascending order of code: every code that the
  // server can answer with is there from the start.
  std::vector<std::pair<int, std::uint64_t>> RequestCounts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scidex::http
