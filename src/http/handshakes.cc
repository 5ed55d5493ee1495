#include "http/handshakes.h"

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "base/log.h"
#include "http/run_loop.h"

namespace scidex::http {
namespace {

// With 4,096-bit keys, this number takes less than half a second. With a smaller number, a few
// dozen clients that connect repeatedly would end the handshakes of others.
constexpr std::size_t kMaxUnderWay = 64;

}  // namespace

Handshakes::Handshakes(Tls& tls) : tls_(tls) {
  thread_.emplace("http-tls", [this] { RunLoop(io_); });
}

Handshakes::~Handshakes() {
  work_.reset();
  thread_->Join();
}

TlsContext Handshakes::ReadContext() {
  try {
    TlsContext context = tls_.Context();
    last_error_.clear();
    return context;
  } catch (const std::exception& error) {
    if (std::exchange(last_error_, error.what()) != error.what()) {
      base::LogError("no TLS handshake is possible", {{"error", error.what()}});
    }
    return nullptr;
  }
}

asio::awaitable<TlsContext> Handshakes::Context() {
  const auto read = [this]() -> asio::awaitable<TlsContext> { co_return ReadContext(); };
  co_return co_await asio::co_spawn(io_, read, asio::use_awaitable);
}

ClientList& Handshakes::MakeRoom() {
  if (under_way_.size() >= kMaxUnderWay) under_way_.CloseLongestIdle();
  return under_way_;
}

asio::awaitable<void> Handshakes::Perform(Client& client,
                                          asio::ssl::stream<ClientSocket&>& stream) {
  const auto perform = [&client, &stream]() -> asio::awaitable<void> {
    // Data that it has already sent would still be read, and a response computed.
    if (client.deadline.interrupted()) throw asio::system_error(asio::error::operation_aborted);
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  };
  co_await asio::co_spawn(io_, perform, asio::use_awaitable);
}

}  // namespace scidex::http
