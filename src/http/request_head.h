// The head of an HTTP/1.1 request, request line and headers, as RFC 9112 frames it. What two
// readers could understand in two ways is refused.
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
  // Begins with a slash; of an absolute target the path and the query. "*" for OPTIONS alone.
  std::string target;
  // In the client's order and case, without the blanks around a value.
  std::vector<std::pair<std::string, std::string>> headers;
  bool has_body = false;
  // Whether another request may follow on the connection, if there is no body.
  bool keep_alive = true;
};

// Why a request cannot be served: the code to answer with, and a sentence for the client.
class BadRequest : public std::runtime_error {
 public:
  BadRequest(int code, const std::string& why) : std::runtime_error(why), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

// How many of the bytes are the head, the empty line at its end included; nothing while the end
// has not come.
std::optional<std::size_t> FindHeadEnd(std::string_view bytes);

// `head` is what FindHeadEnd found. Throws BadRequest.
RequestHead ParseHead(std::string_view head);

}  // namespace scidex::http
