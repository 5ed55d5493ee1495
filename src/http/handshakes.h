// TLS handshakes, each of which takes milliseconds of CPU time.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ssl/stream.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "base/thread.h"
#include "http/client.h"
#include "http/client_list.h"
#include "http/tls.h"

namespace scidex::http {

// Computes handshakes and reads the files of the configuration on its own thread, so that connected
// clients do not wait for new ones. Coroutines resume on the io_context that awaits them. Must
// outlive its coroutines.
class Handshakes {
 public:
  explicit Handshakes(Tls& tls);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // The context for the next handshake. If the configuration is invalid, logs the reason and
  // returns null.
  asio::awaitable<TlsContext> Context();

  // Counts a client as in handshake while it exists. Their number is limited: a further one ends
  // the oldest.
  class Begun {
   public:
    Begun(Handshakes& all, Client& client) : entry_(all.MakeRoom(), client) {}

   private:
    ClientList::Entry entry_;
  };

  // Throws asio::system_error if the client does not complete the handshake, or was ended for
  // another.
  asio::awaitable<void> Perform(Client& client, asio::ssl::stream<ClientSocket&>& stream);

 private:
  TlsContext ReadContext();
  ClientList& MakeRoom();

  Tls& tls_;
  // Used only by the thread.
  std::string last_error_;
  ClientList under_way_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::optional<base::Thread> thread_;
};

}  // namespace scidex::http
