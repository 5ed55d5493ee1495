// Requests and responses, as handlers see them.
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
  // The method of the endpoint; GET also for a HEAD request.
  std::string method;
  // Decoded, without the query.
  std::string path;
  // As sent, without the question mark; "" if there is none.
  std::string query;
  // In the client's order and case.
  std::vector<std::pair<std::string, std::string>> headers;

  // The value of the first header of this name (ignoring case), or "".
  const std::string& Header(const std::string& name) const;
  // The values of all headers of this name, as one list.
  // https://www.rfc-editor.org/rfc/rfc9110#section-5.3
  std::string ListHeader(std::string_view name) const;
  // The value of the first query parameter of this name, as sent; nothing if there is none.
  std::optional<std::string_view> Parameter(std::string_view name) const;
};

struct Response {
  // Must be one of kCodes (http/codes.h); any other is logged and replaced with 500.
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // In addition to those that the server writes: Date, Content-Type, Content-Length, Connection and
  // X-Content-Type-Options.
  std::vector<std::pair<std::string, std::string>> headers;
};

// `body` is text for a person.
Response PlainResponse(int code, std::string body);

// Called concurrently on any of the server's threads. If it throws, the exception is logged and the
// response is 500. It must return soon: each call occupies one of the server's threads, and
// stopping the server waits for it. Those for GET that need a login start a little later while as
// many run as half the number of processors (http/compute_limit.h).
using Handler = std::function<Response(const Request&)>;

enum class Access {
  kUsers,     // the users of the web configuration file; everyone if it names none
  kEveryone,  // no login and no limit of requests, for health checks
  kAlways,    // the same, and also while the web configuration file is invalid: an orchestrator
              // must not restart a process because of it
};

// The endpoint of a path.
struct Endpoint {
  template <typename F>
    requires std::constructible_from<Handler, F>
  // NOLINTNEXTLINE(google-explicit-constructor): most endpoints are only a handler
  Endpoint(F handles, Access lets_in = Access::kUsers, std::string takes = "GET",
           bool serves = true)
      : handler(std::move(handles)), access(lets_in), method(std::move(takes)), is_on(serves) {}

  Handler handler;
  Access access;
  // GET, which includes HEAD, or POST.
  std::string method;
  // False if the handler only says that the endpoint is off: its method is not one of the server's.
  bool is_on = true;
};
using Endpoints = std::map<std::string, Endpoint>;

}  // namespace scidex::http
