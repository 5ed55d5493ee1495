// An HTTP/1.1 server for a few fixed paths; with TLS if its web configuration file configures it.
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

// Thread-safe. Dispatches a request to the endpoint of exactly its path; other methods get 405,
// other paths 404 with a list of the paths. The body of a response to HEAD is not sent. Request
// bodies are not read.
//
// Idle or slow clients do not delay others; http/front.h has their limits. If there is a web
// configuration file, each request is checked against its current contents. While it is invalid,
// every request but those for Access::kAlways gets 500, no TLS handshake succeeds, and the log has
// the reason.
class Server {
 public:
  // Binds and serves. `web` is null if there is no web configuration file. Throws ServerError, and
  // the exceptions of WebConfig and Tls if the file is invalid. Ignores SIGPIPE in this process
  // from then on.
  Server(const ServerOptions& options, Endpoints endpoints,
         std::unique_ptr<WebConfig> web = nullptr);
  // Waits up to stop_grace for responses in progress (new requests get 503), disconnects all
  // clients, and blocks until no handler is running.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The bound ports, in the order of listen_addresses, with the actual port instead of 0.
  std::vector<int> ports() const;
  bool tls() const;

  // Changes ServerOptions::reserved_files. If that is another number and the limit of open files is
  // too low, throws ServerError and changes nothing.
  void ReserveFiles(std::size_t files);

  // Throws what the constructor would throw for the current web configuration file, and ServerError
  // if requests are refused because the file has lost a protection.
  void CheckWebConfig();

  // See Front::CallBack().
  void CallBack(std::function<void()> call);

  // The number of responses since startup for each status code in kCodes, in ascending order of
  // code.
  std::vector<std::pair<int, std::uint64_t>> RequestCounts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Checks that do not start anything. They throw as the constructor does.
void CheckLimits(const ServerOptions& options);
void CheckWebConfig(WebConfig& web);

}  // namespace scidex::http
