#include "http/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/quoted.h"
#include "http/error.h"

namespace scidex::http {
namespace {

constexpr int kBacklog = 1024;
// Unsent bytes of a response that the kernel buffers for a client that does not read, beyond its
// window.
constexpr int kMaxUnsent = 128 << 10;

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

[[noreturn]] void Refuse(const std::string& text, const std::string& why,
                         std::optional<std::uint16_t> port) {
  const std::string example = std::to_string(port.value_or(19187));
  throw AddressError("cannot listen on " + base::QuotedUnlessSecret(text) + ": " + why +
                     "; write an address and a port, such as 127.0.0.1:" + example +
                     ", [::1]:" + example + " or :" + example);
}

bool IsName(std::string_view host) {
  constexpr std::string_view kDigits = "0123456789.";
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  return host.find_first_not_of(kLetters) == host.npos &&
         host.find_first_not_of(kDigits) != host.npos;
}

// Whether a socket failed because the machine lacks the address or its family.
bool LacksAddress(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

[[noreturn]] void Fail(const Address& address, int error) {
  throw ServerError("cannot listen on " + ToString(address) + ": " +
                    std::generic_category().message(error));
}

// 0.0.0.0; the wildcard of IPv6 is for both families.
bool IsEveryV4(const Address& address) {
  return address.socket.ss_family == AF_INET &&
         reinterpret_cast<const sockaddr_in&>(address.socket).sin_addr.s_addr == htonl(INADDR_ANY);
}

bool Overlap(const Address& a, const Address& b) {
  if (PortOf(a) == 0 || PortOf(a) != PortOf(b)) return false;
  if (a.every || b.every) return true;
  if (a.socket.ss_family != b.socket.ss_family) return false;
  return IsEveryV4(a) || IsEveryV4(b) ||
         (a.size == b.size && std::memcmp(&a.socket, &b.socket, a.size) == 0);
}

bool Overlap(const std::vector<Address>& some, const std::vector<Address>& others) {
  return std::any_of(some.begin(), some.end(), [&](const Address& one) {
    return std::any_of(others.begin(), others.end(),
                       [&](const Address& other) { return Overlap(one, other); });
  });
}

template <typename SocketAddress>
Address AddressOf(const SocketAddress& socket) {
  Address address;
  std::memcpy(&address.socket, &socket, sizeof socket);
  address.size = sizeof socket;
  return address;
}

template <typename SocketAddress>
SocketAddress As(const Address& address) {
  SocketAddress socket;
  std::memcpy(&socket, &address.socket, sizeof socket);
  return socket;
}

Address V4(in_addr host, std::uint16_t port) {
  sockaddr_in socket{};
  socket.sin_family = AF_INET;
  socket.sin_port = htons(port);
  socket.sin_addr = host;
  return AddressOf(socket);
}

Address V6(const in6_addr& host, std::uint16_t port, std::uint32_t scope) {
  sockaddr_in6 socket{};
  socket.sin6_family = AF_INET6;
  socket.sin6_port = htons(port);
  socket.sin6_addr = host;
  socket.sin6_scope_id = scope;
  return AddressOf(socket);
}

void SetPort(Address& address, int port) {
  // At the same place in both families.
  auto socket = As<sockaddr_in>(address);
  socket.sin_port = htons(static_cast<std::uint16_t>(port));
  std::memcpy(&address.socket, &socket, sizeof socket);
}

// Without AI_ADDRCONFIG, which omits ::1 on a machine whose only IPv6 interface is loopback.
std::vector<Address> Resolve(const std::string& text, const std::string& name, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    Refuse(text, '"' + name + "\" cannot be resolved: " + gai_strerror(error), port);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<Address> addresses;
  for (; found != nullptr; found = found->ai_next) {
    if (found->ai_family != AF_INET && found->ai_family != AF_INET6) continue;
    Address address;
    address.size = found->ai_addrlen;
    std::memcpy(&address.socket, found->ai_addr, found->ai_addrlen);
    SetPort(address, port);
    const bool again = std::any_of(addresses.begin(), addresses.end(), [&](const Address& one) {
      return ToString(one) == ToString(address);
    });
    if (!again) addresses.push_back(address);
  }
  return addresses;
}

// "::1" or "fe80::1%eth0", without the brackets.
std::optional<Address> ParseV6(const std::string& host, std::uint16_t port) {
  const std::size_t percent = host.find('%');
  std::uint32_t scope = 0;
  if (percent != std::string::npos) {
    scope = if_nametoindex(host.c_str() + percent + 1);
    if (scope == 0) return std::nullopt;
  }
  in6_addr parsed{};
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &parsed) != 1) return std::nullopt;
  return V6(parsed, port, scope);
}

// Linux copies these options to the sockets of clients. A kernel without one of them serves clients
// nevertheless: it buffers more, or notices later that a client is gone.
void SetOptionsOfClients(const base::UniqueFd& listener) {
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(listener.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof kMaxUnsent);
}

// Returns an invalid descriptor, with errno set, if it fails.
base::UniqueFd TryToListen(const Address& address) {
  base::UniqueFd listener(
      socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid()) return listener;
  const int on = 1;
  const int v6_only = address.every ? 0 : 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.socket.ss_family == AF_INET6) {
    setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  }
  SetOptionsOfClients(listener);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return base::UniqueFd();
  }
  return listener;
}

}  // namespace

std::vector<Address> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) Refuse(text, "it has no port", ParsePort(text));
  std::string host = text.substr(0, colon);
  const std::optional<std::uint16_t> port = ParsePort(std::string_view(text).substr(colon + 1));
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (!brackets && host.find_first_of("[]:") != std::string::npos) {
    Refuse(text, "an IPv6 address must be in brackets, followed by a port", port);
  }
  if (!port) Refuse(text, "the port is not a number from 0 to 65535", port);
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "::") {
    Address address = V6(in6addr_any, *port, 0);
    address.every = true;
    return {address};
  }
  in_addr v4{};
  if (!brackets && inet_pton(AF_INET, host.c_str(), &v4) == 1) return {V4(v4, *port)};
  if (!brackets && IsName(host)) return Resolve(text, host, *port);
  if (brackets) {
    if (const auto address = ParseV6(host, *port)) return {*address};
  }
  Refuse(text,
         base::QuotedPart(host, text, "the host") + " is not an " +
             (brackets ? "IPv6 address" : "IPv4 address or a name"),
         port);
}

std::vector<std::vector<Address>> ParseAddresses(const std::vector<std::string>& texts) {
  std::vector<std::vector<Address>> all;
  for (const std::string& text : texts) {
    std::vector<Address> addresses = ParseAddress(text);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!Overlap(all[i], addresses)) continue;
      throw AddressError("cannot listen on both " + texts[i] + " and " + text +
                         ", because they overlap; remove one or change its port");
    }
    all.push_back(std::move(addresses));
  }
  return all;
}

std::vector<Address> AddressesToReach(const std::string& text) {
  std::vector<Address> addresses;
  for (const Address& address : ParseAddress(text)) {
    const auto port = static_cast<std::uint16_t>(PortOf(address));
    if (address.every) addresses.push_back(V4(in_addr{htonl(INADDR_LOOPBACK)}, port));
    // For machines without IPv4. Connecting to 0.0.0.0 or [::] connects to loopback.
    addresses.push_back(address);
  }
  return addresses;
}

std::string ToString(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  const std::string port = ':' + std::to_string(PortOf(address));
  if (address.socket.ss_family == AF_INET) {
    const auto socket = As<sockaddr_in>(address);
    return inet_ntop(AF_INET, &socket.sin_addr, host.data(), host.size()) + port;
  }
  const auto socket = As<sockaddr_in6>(address);
  return std::string("[") + inet_ntop(AF_INET6, &socket.sin6_addr, host.data(), host.size()) + ']' +
         port;
}

base::UniqueFd Listen(const Address& address) {
  base::UniqueFd listener = TryToListen(address);
  if (!listener.valid() && address.every && LacksAddress(errno)) {
    listener = TryToListen(V4({htonl(INADDR_ANY)}, static_cast<std::uint16_t>(PortOf(address))));
  }
  if (!listener.valid()) Fail(address, errno);
  return listener;
}

std::vector<base::UniqueFd> Listen(std::vector<Address> addresses) {
  std::vector<base::UniqueFd> listeners;
  for (auto address = addresses.begin(); address != addresses.end(); ++address) {
    if (!listeners.empty()) SetPort(*address, PortOf(AddressOf(listeners.front().get())));
    base::UniqueFd listener = TryToListen(*address);
    const bool is_last = listeners.empty() && address + 1 == addresses.end();
    if (listener.valid()) {
      listeners.push_back(std::move(listener));
    } else if (address->every || is_last || !LacksAddress(errno)) {
      listeners.push_back(Listen(*address));
    }
  }
  return listeners;
}

Address AddressOf(int listener) {
  Address address;
  address.size = sizeof address.socket;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address.socket), &address.size);
  return address;
}

int PortOf(const Address& address) {
  return ntohs(address.socket.ss_family == AF_INET ? As<sockaddr_in>(address).sin_port
                                                   : As<sockaddr_in6>(address).sin6_port);
}

}  // namespace scidex::http
