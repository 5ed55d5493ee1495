// A request and a response, as handlers see them.
#pragma once

#include <concepts>
#include <functional>
#include <map>
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

// A sentence for the client.
Response PlainResponse(int code, std::string body);

// Called on any of the server's threads, several at once. What it throws becomes a 500, and is
// logged. It must return in good time: each call holds one of the server's threads, and stopping
// the server waits for it.
using Handler = std::function<Response(const Request&)>;

enum class Access {
  kUsers,     // those whom the web configuration file names, if it names any
  kEveryone,  // for who must know whether the process lives: no login, and no limit of requests
};

// What there is at a path.
struct Endpoint {
  template <typename F>
    requires std::constructible_from<Handler, F>
  // NOLINTNEXTLINE(google-explicit-constructor): most endpoints are a handler and nothing else
  Endpoint(F handles, Access lets_in = Access::kUsers, std::string takes = "GET")
      : handler(std::move(handles)), access(lets_in), method(std::move(takes)) {}

  Handler handler;
  Access access;
  // GET, which HEAD may ask for too, or POST.
  std::string method;
};
using Endpoints = std::map<std::string, Endpoint>;

}  // namespace scidex::http
