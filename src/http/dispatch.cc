#include "http/dispatch.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "http/codes.h"

namespace scidex::http {
namespace {

Response Plain(int code, std::string body) {
  Response response;
  response.code = code;
  response.body = std::move(body);
  return response;
}

Response NotFound(const std::map<std::string, Handler>& handlers) {
  std::string body = "there is nothing here; these paths exist:\n";
  for (const auto& [path, handler] : handlers) body += "  " + path + '\n';
  return Plain(404, std::move(body));
}

Response MethodNotAllowed() {
  Response response = Plain(405, "only GET and HEAD are served here\n");
  response.headers = {{"Allow", "GET, HEAD"}};
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
  return Plain(500, "internal error; see the log\n");
}

}  // namespace

Response Dispatch(const std::map<std::string, Handler>& handlers, Request request) {
  const auto found = handlers.find(request.path);
  if (found == handlers.end()) return NotFound(handlers);
  if (request.method == "HEAD") request.method = "GET";
  if (request.method != "GET") return MethodNotAllowed();
  return Call(found->second, request);
}

}  // namespace scidex::http
