// Parses the head of an HTTP/1.1 request, the request line and headers, as framed by RFC 9112.
// Rejects everything that two parsers could interpret differently.
// https://www.rfc-editor.org/rfc/rfc9112
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scidex::http {

inline constexpr std::size_t kMaxHeadSize = 16384;
inline constexpr std::size_t kMaxHeaders = 50;

struct RequestHead {
  std::string method;
  // Begins with a slash: the path and query of an absolute target. "*" for OPTIONS only.
  std::string target;
  // In the client's order and case; values without surrounding whitespace.
  std::vector<std::pair<std::string, std::string>> headers;
  bool has_body = false;
  // Whether another request may follow on this connection, if this one has no body.
  bool keep_alive = true;
};

// Why a request cannot be served: the status code, and a message for the client.
class BadRequest : public std::runtime_error {
 public:
  BadRequest(int code, const std::string& why) : std::runtime_error(why), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

// The size of the head, including the empty line that ends it; nothing if it is incomplete.
std::optional<std::size_t> FindHeadEnd(std::string_view bytes);

// `head` must end where FindHeadEnd() says. Throws BadRequest.
RequestHead ParseHead(std::string_view head);

}  // namespace scidex::http
