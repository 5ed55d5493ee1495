#include "http/dispatch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "http/codes.h"
#include "http/origin.h"

namespace scidex::http {
namespace {

Response NotFound(const Endpoints& endpoints) {
  std::string body = "not found; the paths are:\n";
  for (const auto& [path, endpoint] : endpoints) body += "  " + path + '\n';
  return PlainResponse(404, std::move(body));
}

// Load balancers send OPTIONS as a health check.
Response Options(const std::string& allowed) {
  Response response;
  response.headers = {{"Allow", allowed}};
  return response;
}

// Those of all endpoints that are on.
std::string MethodsOf(const Endpoints& endpoints) {
  const bool takes_post = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& one) {
    return one.second.is_on && one.second.method == "POST";
  });
  return std::string("GET, HEAD, OPTIONS") + (takes_post ? ", POST" : "");
}

Response MethodNotAllowed(const std::string& allowed) {
  Response response = PlainResponse(405, "method not allowed; use " + allowed + "\n");
  response.headers = {{"Allow", allowed}};
  return response;
}

Response Call(const Handler& handler, const Request& request) {
  try {
    Response response = handler(request);
    if (FindCode(response.code) != nullptr) return response;
    base::LogError("http handler returned an unknown status code",
                   {{"path", request.path}, {"code", response.code}});
  } catch (const std::exception& error) {
    base::LogError("http handler failed", {{"path", request.path}, {"error", error.what()}});
  } catch (...) {
    base::LogError("http handler failed", {{"path", request.path}, {"error", "unknown"}});
  }
  return PlainResponse(500, "internal error; see the log\n");
}

}  // namespace

Response Dispatch(const Endpoints& endpoints, Request request) {
  if (request.method == "OPTIONS" && request.path == "*") return Options(MethodsOf(endpoints));
  const auto found = endpoints.find(request.path);
  if (found == endpoints.end()) return NotFound(endpoints);
  if (request.method == "HEAD") request.method = "GET";
  const Endpoint& endpoint = found->second;
  const std::string allowed =
      (endpoint.method == "GET" ? "GET, HEAD" : endpoint.method) + ", OPTIONS";
  if (request.method == "OPTIONS") return Options(allowed);
  if (request.method != endpoint.method) return MethodNotAllowed(allowed);
  if (request.method != "GET" && IsCrossSite(request)) {
    return PlainResponse(403,
                         "refused: a page of another site sent this request; use another client\n");
  }
  return Call(endpoint.handler, request);
}

}  // namespace scidex::http
