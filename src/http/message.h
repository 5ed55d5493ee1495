// A request and a response, as handlers see them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scidex::http {

struct Request {
  // What the handler is registered for: GET, also where the client asked HEAD.
  std::string method;
  // Decoded, without the query.
  std::string path;
  // As the client sent it, without the question mark; "" where there is none.
  std::string query;
  // In the client's order and case.
  std::vector<std::pair<std::string, std::string>> headers;

  // The value of the first header of this name (case does not matter), or "".
  const std::string& Header(const std::string& name) const;
  // The value of the first parameter of this name in the query, as the client sent it; nothing
  // where there is none.
  std::optional<std::string_view> Parameter(std::string_view name) const;
};

struct Response {
  // One of kCodes (http/codes.h); any other is logged and becomes a 500.
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Beside those that the server writes: Date, Content-Type, Content-Length, Connection and
  // X-Content-Type-Options.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Called on any of the server's threads, several at once. What it throws becomes a 500, and is
// logged. It must return in good time: each call holds one of the server's threads, and stopping
// the server waits for it.
using Handler = std::function<Response(const Request&)>;

}  // namespace scidex::http
