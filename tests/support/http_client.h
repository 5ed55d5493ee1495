// An HTTP/1.1 client for tests, on loopback. Everything that it does has a deadline, and
// everything that goes wrong throws std::runtime_error with a text that says what.
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
  // From the first byte sent (connecting included, for Get and its like) to the last one read.
  std::chrono::nanoseconds took{};

  // The value of the first header of this name (case does not matter), or "".
  std::string Header(const std::string& name) const;
};

// One connection, that may carry several requests. Not thread safe.
class HttpConnection {
 public:
  // `host` is 127.0.0.1 or ::1.
  explicit HttpConnection(int port, std::chrono::nanoseconds timeout = kHttpTimeout,
                          const std::string& host = "127.0.0.1");

  // Sends the bytes as they are.
  void Send(const std::string& bytes);
  // Sends a request with Host and these headers.
  void SendRequest(const std::string& method, const std::string& target,
                   const HttpHeaders& headers = {});
  // Reads one response, whose body ends as Content-Length says; `to_head` when there is none.
  HttpResponse Read(bool to_head = false);
  // Waits until the other side has closed, and returns what came before that.
  std::string ReadToEnd();

 private:
  // False at the end.
  bool ReadMore();

  std::chrono::steady_clock::time_point deadline_;
  base::UniqueFd socket_;
  std::string unread_;
};

// One request on a connection of its own, which is closed after it.
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
