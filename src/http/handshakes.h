// TLS handshakes, each of which takes milliseconds of CPU time.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/thread.h"
#include "http/client.h"
#include "http/client_list.h"
#include "http/memory_reserve.h"
#include "http/tls.h"
#include "http/turns.h"

namespace scidex::http {

// A client's connection after its handshake.
class TlsConnection {
 public:
  // Must not outlive the client.
  TlsConnection(TlsContext context, Client& client);

  asio::ssl::stream<ClientSocket&>& stream() { return stream_; }
  const TlsContext& context() const { return context_; }

 private:
  // Must outlive the stream: during the handshake, it uses parts that OpenSSL does not keep.
  const TlsContext context_;
  asio::ssl::context shared_;
  asio::ssl::stream<ClientSocket&> stream_;
};

// Computes handshakes and reads the files of the configuration on its own thread, so that connected
// clients do not wait for new ones. Signing is almost all of the work. Its turns are those of
// Turns, except that signatures that follow a second hello, after a HelloRetryRequest, are computed
// in the order of arrival. Coroutines resume on the io_context that awaits them. Must outlive its
// coroutines.
class Handshakes {
 public:
  explicit Handshakes(Tls& tls);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // The context for the next handshake. If the configuration is invalid, logs the reason and
  // returns null.
  asio::awaitable<TlsContext> Context();

  // Returns null if the configuration is invalid. The numbers of clients that send their hello,
  // that wait for the response to it and that have been sent it are limited: a further one ends the
  // oldest. Throws asio::system_error if the client does not complete the handshake, or was ended
  // for another.
  asio::awaitable<std::unique_ptr<TlsConnection>> Perform(Client& client);

 private:
  TlsContext ReadContext();
  // Runs on the thread. `turn`, which belongs to `front`, ends when the response to `hello` has
  // been computed.
  asio::awaitable<std::unique_ptr<TlsConnection>> Compute(Client& client, const std::string& hello,
                                                          std::weak_ptr<Turns::Turn> turn,
                                                          asio::any_io_executor front);

  Tls& tls_;
  // Used only by the thread.
  std::string last_error_;
  ClientList beginning_;
  Turns turns_;
  ClientList completing_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  MemoryReserve reserve_;
  std::optional<base::Thread> thread_;
};

}  // namespace scidex::http
