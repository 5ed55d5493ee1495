#include "http/request_head.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "http/equal_fold.h"

namespace scidex::http {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c);
}

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsVisible(char c) { return c > ' ' && c < '\x7f'; }

bool IsForbidden(char c) { return base::IsControl(c) && c != '\t'; }

std::string_view TrimBlanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Removes the first line from `rest` and returns it, without its line end.
std::string_view TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

[[noreturn]] void Refuse(const std::string& why) {
  throw BadRequest(400, "the request is malformed: " + why);
}

// The methods of HTTP (https://www.rfc-editor.org/rfc/rfc9110#section-9) except TRACE, and PATCH.
// Endpoints reject those that they do not support.
bool IsKnownMethod(std::string_view method) {
  constexpr std::array<std::string_view, 8> kMethods{"GET",    "HEAD",    "POST",    "PUT",
                                                     "DELETE", "OPTIONS", "CONNECT", "PATCH"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

std::string PathOf(std::string_view target) {
  if (!std::all_of(target.begin(), target.end(), &IsVisible)) {
    Refuse("its target has a character that is not printable ASCII");
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualFold(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    return (target.starts_with('/') ? "" : "/") + std::string(target);
  }
  if (!target.starts_with('/')) Refuse("its target is not a path that begins with a slash");
  return std::string(target);
}

// Returns the minor version.
char ParseRequestLine(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) {
    Refuse("its first line is not METHOD PATH HTTP/1.1");
  }
  head.method = line.substr(0, first);
  if (!IsKnownMethod(head.method)) Refuse("its method is unknown");
  const std::string_view version = line.substr(last + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !IsDigit(version[5]) ||
      version[6] != '.' || !IsDigit(version[7])) {
    Refuse("its first line does not end in HTTP/1.1");
  }
  if (version[5] != '1') throw BadRequest(505, "only HTTP/1.1 and HTTP/1.0 are supported");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  // The asterisk form: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.4
  head.target = head.method == "OPTIONS" && target == "*" ? "*" : PathOf(target);
  return version[7];
}

std::pair<std::string_view, std::string_view> ParseHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !IsToken(line.substr(0, colon))) {
    Refuse("one of its headers is not NAME: VALUE");
  }
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), &IsForbidden)) {
    Refuse("the value of a header has a control character");
  }
  return {line.substr(0, colon), value};
}

// How the headers frame the message.
class Framing {
 public:
  explicit Framing(bool http_1_0) : http_1_0_(http_1_0) {}

  void Add(std::string_view name, std::string_view value) {
    if (EqualFold(name, "Host")) ++hosts_;
    if (EqualFold(name, "Connection")) AddConnection(value);
    if (EqualFold(name, "Transfer-Encoding")) transfer_encoding_ = true;
    if (EqualFold(name, "Content-Length")) AddLength(value);
  }

  void Finish(RequestHead& head) const {
    if (hosts_ > 1 || (hosts_ == 0 && !http_1_0_)) Refuse("it must have one Host header");
    if (transfer_encoding_ && (!length_.empty() || http_1_0_)) {
      Refuse("its length is given in two ways, or in one that HTTP/1.0 does not have");
    }
    head.has_body = transfer_encoding_ || length_.find_first_not_of('0') != std::string_view::npos;
    // https://www.rfc-editor.org/rfc/rfc9112#section-9.3
    head.keep_alive = !close_ && (!http_1_0_ || asks_to_keep_);
  }

 private:
  void AddConnection(std::string_view value) {
    while (!value.empty()) {
      const std::size_t comma = value.find(',');
      const std::string_view option = TrimBlanks(value.substr(0, comma));
      if (EqualFold(option, "close")) close_ = true;
      if (EqualFold(option, "keep-alive")) asks_to_keep_ = true;
      value.remove_prefix(std::min(comma, value.size() - 1) + 1);
    }
  }
  void AddLength(std::string_view value) {
    const bool digits = !value.empty() && std::all_of(value.begin(), value.end(), &IsDigit);
    if (!digits || (!length_.empty() && length_ != value)) {
      Refuse("its Content-Length is not one number");
    }
    length_ = value;
  }

  const bool http_1_0_;
  bool close_ = false;
  bool asks_to_keep_ = false;
  int hosts_ = 0;
  bool transfer_encoding_ = false;
  // Empty if there is no Content-Length.
  std::string_view length_;
};

}  // namespace

std::optional<std::size_t> FindHeadEnd(std::string_view bytes) {
  // Ignores empty lines before a request.
  for (std::size_t from = std::min(bytes.find_first_not_of("\r\n"), bytes.size());;) {
    const std::size_t end = bytes.find('\n', from);
    if (end == bytes.npos) return std::nullopt;
    from = end + 1;
    if (bytes.substr(from).starts_with('\n')) return from + 1;
    if (bytes.substr(from).starts_with("\r\n")) return from + 2;
  }
}

RequestHead ParseHead(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
  RequestHead head;
  const char minor = ParseRequestLine(TakeLine(bytes), head);
  Framing framing(minor == '0');
  for (std::string_view line = TakeLine(bytes); !line.empty(); line = TakeLine(bytes)) {
    const auto [name, value] = ParseHeader(line);
    framing.Add(name, value);
    if (head.headers.size() == kMaxHeaders) {
      throw BadRequest(431,
                       "the request has more than " + std::to_string(kMaxHeaders) + " headers");
    }
    head.headers.emplace_back(name, value);
  }
  framing.Finish(head);
  return head;
}

}  // namespace scidex::http
