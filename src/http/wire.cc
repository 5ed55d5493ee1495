#include "http/wire.h"

#include <array>
#include <chrono>
#include <ctime>
#include <string_view>

#include "base/clock.h"
#include "base/time.h"
#include "http/codes.h"

namespace scidex::http {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(base::WallTime date) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(date));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string SerializeHead(const Response& response, Connection connection) {
  std::string out = "HTTP/1.1 " + std::to_string(response.code) + ' ';
  out.append(FindCode(response.code)->reason).append("\r\n");
  AppendHeader(out, "Date", HttpDate(base::RealClock().WallNow()));
  AppendHeader(out, "Content-Type", response.content_type);
  AppendHeader(out, "Content-Length", std::to_string(response.body.size()));
  AppendHeader(out, "X-Content-Type-Options", "nosniff");
  if (connection == Connection::kClose) AppendHeader(out, "Connection", "close");
  if (connection == Connection::kKeepAlive) AppendHeader(out, "Connection", "keep-alive");
  for (const auto& [name, value] : response.headers) AppendHeader(out, name, value);
  return out += "\r\n";
}

}  // namespace scidex::http
