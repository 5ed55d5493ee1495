// An HTTP/1.1 server for a few fixed paths, over TLS where its web configuration file says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "http/error.h"
#include "http/message.h"
#include "http/options.h"
#include "http/web_config.h"

namespace scidex::http {

// Thread safe. A request goes to the endpoint of exactly its path; other methods get 405, other
// paths 404 with the list of paths that there are. For HEAD the body is dropped on the way out.
// Bodies of requests are not read.
//
// Clients that are idle or slow do not hold up others; their limits are in http/front.h. With a
// web configuration file, each request is judged by what that says at the moment; while it is not
// right, every request gets 500, no TLS handshake succeeds, and the log says why.
class Server {
 public:
  // Binds and serves. `web` is null where there is no web configuration file. Throws ServerError,
  // and what is thrown where the file is not right. SIGPIPE is ignored in this process from then
  // on.
  Server(const ServerOptions& options, Endpoints endpoints,
         std::unique_ptr<WebConfig> web = nullptr);
  // Lets the responses under way finish for up to stop_grace (requests that come in then get 503),
  // hangs up on everybody, and returns when no handler runs any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The ports bound, in the order of listen_addresses: what port 0 became.
  std::vector<int> ports() const;
  bool tls() const;

  // Changes ServerOptions::reserved_files. Throws ServerError, and changes nothing, where the limit
  // of open files is too low for it.
  void ReserveFiles(std::size_t files);

  // As Front::CallBack().
  void CallBack(std::function<void()> call);

  // Responses by status code since the start, in ascending order of code: every code that the
  // server can answer with is there from the start.
  std::vector<std::pair<int, std::uint64_t>> RequestCounts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What of a start can be tried without starting. Throw as the constructor does.
void CheckLimits(const ServerOptions& options);
void CheckWebConfig(WebConfig& web);

}  // namespace scidex::http
