#include "http/address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/unique_fd.h"
#include "http/error.h"

namespace scidex::http {
namespace {

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

[[noreturn]] void Refuse(const std::string& text, const std::string& why,
                         std::optional<std::uint16_t> port) {
  const std::string example = std::to_string(port.value_or(19187));
  throw ServerError("cannot listen on \"" + text + "\": " + why +
                    "; write an IPv4 address and a port, such as 127.0.0.1:" + example +
                    " or :" + example);
}

[[noreturn]] void Fail(const sockaddr_in& address, int error) {
  throw ServerError("cannot listen on " + ToString(address) + ": " +
                    std::generic_category().message(error));
}

}  // namespace

sockaddr_in ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) Refuse(text, "it has no port", ParsePort(text));
  const std::string host = text.substr(0, colon);
  const std::optional<std::uint16_t> port = ParsePort(std::string_view(text).substr(colon + 1));
  if (host.find_first_of("[:") != std::string::npos) Refuse(text, "IPv6 is not served", port);
  if (!port) Refuse(text, "the port is not a number from 0 to 65535", port);

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(*port);
  if (!host.empty() && inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    Refuse(text, "\"" + host + "\" is not an IPv4 address", port);
  }
  return address;
}

std::string ToString(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> host{};
  inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size());
  return std::string(host.data()) + ':' + std::to_string(ntohs(address.sin_port));
}

void CheckCanListen(const sockaddr_in& address) {
  const base::UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) Fail(address, errno);
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Fail(address, errno);
  }
}

}  // namespace scidex::http
