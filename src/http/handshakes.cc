#include "http/handshakes.h"

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <cstddef>
#include <exception>
#include <utility>

#include "base/log.h"
#include "http/awaitable.h"
#include "http/memory_reserve.h"
#include "http/run_loop.h"

namespace scidex::http {
namespace {

// Clients that send their hello, and those that have been sent the response. They cost little.
constexpr std::size_t kMaxBeginning = 64;
constexpr std::size_t kMaxCompleting = 64;

// A client has its turn after at most twice as many others, which take 100 to 200 ms with keys of
// 4,096 bits.
constexpr std::size_t kMaxWaiting = 16;

// RFC 8446, section 5.1: a type, a version, the length of the content; and its maximum.
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMaxRecord = std::size_t{16} * 1024;

SSL_CTX* Shared(const TlsContext& context) {
  SSL_CTX_up_ref(context.get());
  return context.get();
}

// Also if its deadline has passed.
void ThrowIfGone(const Client& client) {
  if (client.deadline.interrupted() || IsGone(client))
    throw asio::system_error(asio::error::operation_aborted);
}

ClientList& WithRoom(ClientList& list, std::size_t limit) {
  if (list.size() >= limit) list.CloseLongestIdle();
  return list;
}

// Returns the client's first record, which in practice is its whole ClientHello, or the beginning
// of a record that is too long. With it, the response is computed when the handshake starts.
asio::awaitable<std::string> ReadHello(Client& client, ClientList& beginning) {
  const ClientList::Entry entry(WithRoom(beginning, kMaxBeginning), client);
  std::string hello(kRecordHeader, '\0');
  co_await asio::async_read(client.socket, asio::buffer(hello), kAwaitable);
  const std::size_t length = static_cast<unsigned char>(hello[3]) * std::size_t{256} +
                             static_cast<unsigned char>(hello[4]);
  if (length <= kMaxRecord) {
    hello.resize(kRecordHeader + length);
    co_await asio::async_read(client.socket, asio::buffer(hello) + kRecordHeader, kAwaitable);
  }
  // It may have been ended after its last byte had arrived.
  ThrowIfGone(client);
  co_return hello;
}

}  // namespace

TlsConnection::TlsConnection(TlsContext context, Client& client)
    : context_(std::move(context)), shared_(Shared(context_)), stream_(client.socket, shared_) {}

Handshakes::Handshakes(Tls& tls) : tls_(tls), turns_(kMaxWaiting) {
  thread_.emplace("http-tls", [this] { RunLoop(io_, reserve_); });
}

Handshakes::~Handshakes() {
  work_.reset();
  thread_->Join();
}

TlsContext Handshakes::ReadContext() {
  const MayFail scope;
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
  co_return co_await asio::co_spawn(io_, read, kAwaitable);
}

asio::awaitable<std::unique_ptr<TlsConnection>> Handshakes::Perform(Client& client) {
  const std::string hello = co_await ReadHello(client, beginning_);
  const auto turn = std::make_shared<Turns::Turn>(co_await turns_.Await());
  ThrowIfGone(client);
  const ClientList::Entry entry(WithRoom(completing_, kMaxCompleting), client);
  const asio::any_io_executor front = co_await asio::this_coro::executor;
  co_return co_await asio::co_spawn(io_, Compute(client, hello, turn, front), kAwaitable);
}

asio::awaitable<std::unique_ptr<TlsConnection>> Handshakes::Compute(Client& client,
                                                                    const std::string& hello,
                                                                    std::weak_ptr<Turns::Turn> turn,
                                                                    asio::any_io_executor front) {
  const DeliversResult last;
  TlsContext context = ReadContext();
  if (context == nullptr) co_return nullptr;
  auto connection = std::make_unique<TlsConnection>(std::move(context), client);
  // Runs after the step below that computes the response, before those of other clients.
  asio::post(io_, [turn, front] {
    asio::post(front, [turn] {
      if (const auto own = turn.lock()) own->End();
    });
  });
  co_await connection->stream().async_handshake(asio::ssl::stream_base::server, asio::buffer(hello),
                                                kAwaitable);
  co_return connection;
}

}  // namespace scidex::http
