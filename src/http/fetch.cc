#include "http/fetch.h"

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <future>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace scidex::http {
namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;

// Returns all bytes until the server closes.
template <typename Stream>
awaitable<std::string> Exchange(Stream& stream, std::string request) {
  co_await asio::async_write(stream, asio::buffer(request), use_awaitable);
  std::string answer;
  asio::error_code error;
  co_await asio::async_read(stream, asio::dynamic_buffer(answer, kMaxAnswer),
                            asio::redirect_error(use_awaitable, error));
  if (error && error != asio::error::eof && error != asio::ssl::error::stream_truncated)
    throw std::runtime_error(error.message());
  co_return answer;
}

awaitable<std::string> Ask(tcp::endpoint server, bool tls, std::string request) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, use_awaitable);
  if (!tls) co_return co_await Exchange(socket, std::move(request));
  asio::ssl::context context(asio::ssl::context::tls_client);
  asio::ssl::stream<tcp::socket&> stream(socket, context);
  co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
  co_return co_await Exchange(stream, std::move(request));
}

tcp::endpoint EndpointOf(const Address& address) {
  tcp::endpoint endpoint;
  endpoint.resize(address.size);
  std::memcpy(endpoint.data(), &address.socket, address.size);
  return endpoint;
}

Fetched ParseAnswer(const std::string& answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  Fetched fetched;
  const std::size_t end_of_head = answer.find("\r\n\r\n");
  const bool is_http = answer.starts_with(kVersion) && end_of_head != std::string::npos;
  if (is_http) {
    std::from_chars(answer.data() + kVersion.size(), answer.data() + end_of_head, fetched.code);
  }
  if (fetched.code == 0) throw std::runtime_error("the response is not HTTP/1.1");
  fetched.body = answer.substr(end_of_head + 4);
  return fetched;
}

Fetched FetchFrom(const Address& address, bool tls, const std::string& target,
                  base::TimePoint deadline) {
  const std::string request =
      "GET " + target + " HTTP/1.1\r\nHost: " + ToString(address) + "\r\nConnection: close\r\n\r\n";
  asio::io_context io;
  std::future<std::string> answer =
      asio::co_spawn(io, Ask(EndpointOf(address), tls, request), asio::use_future);
  io.run_until(deadline);
  if (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    throw std::runtime_error("no answer in time");
  return ParseAnswer(answer.get());
}

}  // namespace

Fetched Fetch(const std::vector<Address>& addresses, bool tls, const std::string& target,
              base::TimePoint deadline) {
  std::string failure = "no address";
  for (const Address& address : addresses) {
    try {
      return FetchFrom(address, tls, target, deadline);
    } catch (const std::exception& error) {
      failure = ToString(address) + ": " + error.what();
    }
  }
  throw std::runtime_error(failure);
}

}  // namespace scidex::http
