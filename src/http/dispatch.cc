#include "http/dispatch.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "http/codes.h"

namespace scidex::http {
namespace {

Response NotFound(const Endpoints& endpoints) {
  std::string body = "there is nothing here; these paths exist:\n";
  for (const auto& [path, endpoint] : endpoints) body += "  " + path + '\n';
  return PlainResponse(404, std::move(body));
}

Response MethodNotAllowed(const std::string& method) {
  const std::string allowed = method == "GET" ? "GET, HEAD" : method;
  Response response = PlainResponse(405, "this takes " + allowed + " alone\n");
  response.headers = {{"Allow", allowed}};
  return response;
}

Response Call(const Handler& handler, const Request& request) {
  try {
    Response response = handler(request);
    if (FindCode(response.code) != nullptr) return response;
    base::LogError("http handler gave a status code that the server does not know",
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
  const auto found = endpoints.find(request.path);
  if (found == endpoints.end()) return NotFound(endpoints);
  if (request.method == "HEAD") request.method = "GET";
  const Endpoint& endpoint = found->second;
  if (request.method != endpoint.method) return MethodNotAllowed(endpoint.method);
  return Call(endpoint.handler, request);
}

}  // namespace scidex::http
