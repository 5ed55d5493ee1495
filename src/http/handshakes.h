// TLS handshakes, which cost milliseconds of computing each.
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

// They are computed, and the files of the configuration are read, on a thread of their own, so that
// clients that are connected do not wait for those that connect. The coroutines are those of the
// io_context that awaits them. Must outlive what it is asked for.
class Handshakes {
 public:
  explicit Handshakes(Tls& tls);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // The context of the next handshake; null, and logged, where the configuration is not right.
  asio::awaitable<TlsContext> Context();

  // A client is among those whose handshake is under way for as long as this lives. Only so many
  // are: one more ends the one that has been so for longest.
  class Begun {
   public:
    Begun(Handshakes& all, Client& client) : entry_(all.MakeRoom(), client) {}

   private:
    ClientList::Entry entry_;
  };

  // Throws asio::system_error where the client does not go along, or had to make room.
  asio::awaitable<void> Perform(Client& client, asio::ssl::stream<ClientSocket&>& stream);

 private:
  TlsContext ReadContext();
  ClientList& MakeRoom();

  Tls& tls_;
  // Of the thread alone.
  std::string last_error_;
  ClientList under_way_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::optional<base::Thread> thread_;
};

}  // namespace scidex::http
