// An HTTP/1.1 client for tests, on loopback. Every operation has a deadline, and every failure
// throws std::runtime_error with a text that describes it.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "support/eventually.h"

namespace scidex::test {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::nanoseconds kHttpTimeout = kPatience;

struct HttpResponse {
  int code = 0;
  HttpHeaders headers;
  std::string body;
  // From the first byte sent (for Get and the like, from the connect) to the last byte read.
  std::chrono::nanoseconds took{};

  // The value of the first header of this name (case insensitive), or "".
  std::string Header(const std::string& name) const;
};

// One connection, for one or more requests. Not thread safe.
class HttpConnection {
 public:
  // `host` is 127.0.0.1 or ::1.
  explicit HttpConnection(int port, std::chrono::nanoseconds timeout = kHttpTimeout,
                          const std::string& host = "127.0.0.1");

  // Sends the bytes unchanged.
  void Send(const std::string& bytes);
  // Sends a request with Host and these headers.
  void SendRequest(const std::string& method, const std::string& target,
                   const HttpHeaders& headers = {});
  // Reads one response, whose body has the length of Content-Length; `to_head`: without a body.
  HttpResponse Read(bool to_head = false);
  // Waits until the server has closed the connection, and returns what it sent before.
  std::string ReadToEnd();

 private:
  // False at the end.
  bool ReadMore();

  std::chrono::steady_clock::time_point deadline_;
  base::UniqueFd socket_;
  std::string unread_;
};

// Sends one request on a new connection, which is closed afterwards.
HttpResponse Request(int port, const std::string& method, const std::string& target,
                     const HttpHeaders& headers = {},
                     std::chrono::nanoseconds timeout = kHttpTimeout);
HttpResponse Get(int port, const std::string& target, const HttpHeaders& headers = {},
                 std::chrono::nanoseconds timeout = kHttpTimeout);
HttpResponse Head(int port, const std::string& target, const HttpHeaders& headers = {},
                  std::chrono::nanoseconds timeout = kHttpTimeout);
// The response to these bytes.
HttpResponse RequestRaw(int port, const std::string& bytes,
                        std::chrono::nanoseconds timeout = kHttpTimeout);

}  // namespace scidex::test
