#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace scidex::test {
namespace {

using std::chrono::steady_clock;

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error("http client: " + what);
}

[[noreturn]] void FailWithErrno(const std::string& what) {
  Fail(what + ": " + std::generic_category().message(errno));
}

void AwaitSocket(int fd, short events, steady_clock::time_point deadline, const std::string& what) {
  pollfd waited{fd, events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  const int ready = poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  if (ready < 0) FailWithErrno("poll");
  if (ready == 0) Fail("deadline passed while " + what);
}

int StartConnect(int fd, const std::string& host, int port) {
  const auto number = htons(static_cast<std::uint16_t>(port));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = number;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    return connect(fd, reinterpret_cast<sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = number;
  inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr);
  return connect(fd, reinterpret_cast<sockaddr*>(&v6), sizeof v6);
}

base::UniqueFd Connect(const std::string& host, int port, steady_clock::time_point deadline) {
  const int family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  base::UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) FailWithErrno("socket");
  if (StartConnect(fd.get(), host, port) == 0) return fd;
  if (errno != EINPROGRESS) FailWithErrno("connect");
  AwaitSocket(fd.get(), POLLOUT, deadline, "connecting");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) Fail("connect: " + std::generic_category().message(error));
  return fd;
}

HttpResponse ParseHead(std::string_view head) {
  HttpResponse response;
  if (!head.starts_with("HTTP/1.1 ")) Fail("not an HTTP/1.1 response: " + std::string(head));
  response.code = std::atoi(head.substr(9, 3).data());
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    head.remove_prefix(line + 2);
    line = head.find("\r\n");
    const std::string_view header = head.substr(0, line);
    const std::size_t colon = header.find(": ");
    if (colon == std::string_view::npos) Fail("not a header: " + std::string(header));
    response.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
  }
  return response;
}

}  // namespace

std::string HttpResponse::Header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (strcasecmp(key.c_str(), name.c_str()) == 0) return value;
  }
  return "";
}

HttpConnection::HttpConnection(int port, std::chrono::nanoseconds timeout, const std::string& host)
    : deadline_(steady_clock::now() + timeout), socket_(Connect(host, port, deadline_)) {}

void HttpConnection::Send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    AwaitSocket(socket_.get(), POLLOUT, deadline_, "sending");
    const ssize_t size =
        send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN) FailWithErrno("send");
    if (size > 0) sent += static_cast<std::size_t>(size);
  }
}

void HttpConnection::SendRequest(const std::string& method, const std::string& target,
                                 const HttpHeaders& headers) {
  std::string bytes = method + ' ' + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const auto& [name, value] : headers) bytes.append(name).append(": ").append(value) += "\r\n";
  Send(bytes + "\r\n");
}

bool HttpConnection::ReadMore() {
  AwaitSocket(socket_.get(), POLLIN, deadline_, "reading");
  std::array<char, 65536> bytes;
  const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (size < 0 && errno != EAGAIN) FailWithErrno("recv");
  if (size > 0) unread_.append(bytes.data(), static_cast<std::size_t>(size));
  return size != 0;
}

HttpResponse HttpConnection::Read(bool to_head) {
  const auto start = steady_clock::now();
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) Fail("closed before a response was whole: \"" + unread_ + '"');
  }
  HttpResponse response = ParseHead(std::string_view(unread_).substr(0, end));
  unread_.erase(0, end + 4);
  const std::string length = response.Header("Content-Length");
  if (length.empty()) Fail("a response without Content-Length");
  const std::size_t size = to_head ? 0 : std::strtoull(length.c_str(), nullptr, 10);
  while (unread_.size() < size) {
    if (!ReadMore()) Fail("closed after " + std::to_string(unread_.size()) + " of " + length);
  }
  response.body = unread_.substr(0, size);
  unread_.erase(0, size);
  response.took = steady_clock::now() - start;
  return response;
}

std::string HttpConnection::ReadToEnd() {
  while (ReadMore()) continue;
  return std::exchange(unread_, {});
}

HttpResponse Request(int port, const std::string& method, const std::string& target,
                     const HttpHeaders& headers, std::chrono::nanoseconds timeout) {
  const auto start = steady_clock::now();
  HttpConnection connection(port, timeout);
  HttpHeaders all = headers;
  all.emplace_back("Connection", "close");
  connection.SendRequest(method, target, all);
  HttpResponse response = connection.Read(method == "HEAD");
  response.took = steady_clock::now() - start;
  return response;
}

HttpResponse Get(int port, const std::string& target, const HttpHeaders& headers,
                 std::chrono::nanoseconds timeout) {
  return Request(port, "GET", target, headers, timeout);
}

HttpResponse Head(int port, const std::string& target, const HttpHeaders& headers,
                  std::chrono::nanoseconds timeout) {
  return Request(port, "HEAD", target, headers, timeout);
}

HttpResponse RequestRaw(int port, const std::string& bytes, std::chrono::nanoseconds timeout) {
  const auto start = steady_clock::now();
  HttpConnection connection(port, timeout);
  connection.Send(bytes);
  HttpResponse response = connection.Read();
  response.took = steady_clock::now() - start;
  return response;
}

}  // namespace scidex::test
