#include "http/front.h"

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <asio/ssl.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "http/address.h"
#include "http/backend.h"
#include "http/client_limit.h"
#include "http/message.h"
#include "http/request_head.h"
#include "http/wire.h"

namespace scidex::http {
namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr auto kFarewellTimeout = std::chrono::seconds(1);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr std::size_t kReadSize = 2048;
constexpr std::size_t kReplyReadSize = 65536;
// The first byte of a TLS record that begins a handshake.
// https://www.rfc-editor.org/rfc/rfc8446#section-5.1
constexpr unsigned char kTlsHandshake = 22;

// Lets as many in at once as there are places; the others wait in order.
class Places {
 public:
  explicit Places(int count) : free_(count) {}

  awaitable<void> Take() {
    if (free_ > 0) {
      --free_;
      co_return;
    }
    asio::steady_timer turn(co_await asio::this_coro::executor,
                            asio::steady_timer::time_point::max());
    waiting_.push_back(&turn);
    asio::error_code woken;
    co_await turn.async_wait(asio::redirect_error(use_awaitable, woken));
  }
  void Leave() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    waiting_.front()->cancel();
    waiting_.pop_front();
  }

 private:
  int free_;
  std::deque<asio::steady_timer*> waiting_;
};

class Place {
 public:
  explicit Place(Places& places) : places_(places) {}
  ~Place() { places_.Leave(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Places& places_;
};

// Answers that are under way.
class Visits {
 public:
  void Begin() {
    const base::MutexLock lock(mutex_);
    ++count_;
  }
  void End() {
    const base::MutexLock lock(mutex_);
    --count_;
    changed_.NotifyAll();
  }
  void AwaitNone(base::TimePoint until) {
    const base::MutexLock lock(mutex_);
    while (count_ > 0 && changed_.WaitUntil(mutex_, until)) continue;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  int count_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

class Visit {
 public:
  explicit Visit(Visits& visits) : visits_(visits) { visits_.Begin(); }
  ~Visit() { visits_.End(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  Visits& visits_;
};

// A connection that a client has opened.
struct Client {
  explicit Client(tcp::socket accepted)
      : socket(std::move(accepted)), timer(socket.get_executor()) {}

  // Interrupts what goes on with the socket after so long, counted anew at each call.
  void Expire(base::Duration after) {
    timer.expires_after(after);
    timer.async_wait([this](const asio::error_code& error) {
      if (error || timer.expiry() > asio::steady_timer::clock_type::now()) return;
      expired = true;
      asio::error_code ignored;
      static_cast<void>(socket.cancel(ignored));
    });
  }

  tcp::socket socket;
  asio::steady_timer timer;
  bool expired = false;
};

// The clients that are waited for, those who have let wait longest first.
class IdleClients {
 public:
  class Entry {
   public:
    Entry(IdleClients& all, Client& client)
        : all_(all), place_(all.clients_.insert(all.clients_.end(), &client)) {}
    ~Entry() { all_.clients_.erase(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    IdleClients& all_;
    std::list<Client*>::iterator place_;
  };

  // False where nobody is waited for.
  bool CloseLongestIdle() {
    for (Client* const client : clients_) {
      if (!client->socket.is_open()) continue;
      asio::error_code ignored;
      static_cast<void>(client->socket.close(ignored));
      return true;
    }
    return false;
  }

 private:
  std::list<Client*> clients_;
};

// An answer as it goes to a client, but for what it says of the connection.
struct Reply {
  std::string text;
  // Where the head has its place for Connection, where it goes on, and where the body begins.
  std::size_t connection = 0;
  std::size_t rest = 0;
  std::size_t body = 0;
  // Whether the backend closes.
  bool last = false;
};

Reply Refusal(int code, const std::string& why) {
  Reply reply;
  reply.text = Serialize(PlainResponse(code, why + '\n'), Body::kSent, Connection::kUnsaid,
                         base::RealClock().WallNow());
  reply.body = *FindHeadEnd(reply.text);
  reply.connection = reply.rest = reply.body - 2;
  return reply;
}

// The value of a header of the backend's answer: it writes each in one way.
std::string_view HeaderOf(std::string_view head, std::string_view line_start) {
  const std::size_t start = head.find(line_start);
  if (start == head.npos) return {};
  head.remove_prefix(start + line_start.size());
  return head.substr(0, head.find('\r'));
}

// Whether a header is about the connection to the client, or what the client must not say.
bool StaysHere(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{
      "connection", "content-length",    "expect", "http2-settings",
      "keep-alive", "transfer-encoding", "te",     "trailer",
      "upgrade",    kTokenHeader};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

std::string ToBackend(const RequestHead& head, const std::string& token) {
  std::string text = head.method + ' ' + head.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) {
    if (!StaysHere(name)) text.append(name).append(": ").append(value).append("\r\n");
  }
  return text.append(kTokenHeader).append(": ").append(token).append("\r\n\r\n");
}

awaitable<Reply> ReadReply(tcp::socket& backend, bool has_body) {
  constexpr std::string_view kConnection = "Connection: ";
  Reply reply;
  reply.text.reserve(kReplyReadSize);
  reply.body = co_await asio::async_read_until(backend, asio::dynamic_buffer(reply.text),
                                               "\r\n\r\n", use_awaitable);
  const std::string_view head = std::string_view(reply.text).substr(0, reply.body);
  reply.connection = head.find(kConnection);
  reply.rest = head.find("\r\n", reply.connection) + 2;
  reply.last = HeaderOf(head, kConnection) == "close";
  if (!has_body) {
    reply.text.resize(reply.body);
    co_return reply;
  }
  const std::size_t come = reply.text.size();
  const std::string length(HeaderOf(head, "\r\nContent-Length: "));
  reply.text.resize(reply.body + std::stoull(length));
  co_await asio::async_read(
      backend, asio::buffer(reply.text.data() + come, reply.text.size() - come), use_awaitable);
  co_return reply;
}

// The front's and the backend's own: both ends of each connection between them, and the listeners
// with their copies. Some to spare for clients that are accepted only to be refused.
std::size_t OwnFiles(const FrontOptions& options) {
  return 16 + 2 * static_cast<std::size_t>(options.backend_connections) +
         2 * options.listeners.size();
}

}  // namespace

class Front::Impl {
 public:
  Impl(FrontOptions options, CodeCounts& counts);
  ~Impl();

  void ReserveFiles(std::size_t files) {
    const std::size_t all = OwnFiles(options_) + files;
    RequireFiles(all);
    reserved_files_ = all;
  }
  void Drain(base::TimePoint until) { visits_.AwaitNone(until); }

 private:
  awaitable<void> Accept(tcp::acceptor& acceptor);
  awaitable<void> AcceptOne(tcp::acceptor& acceptor);
  void Run() noexcept;
  awaitable<void> Serve(tcp::socket socket);
  awaitable<void> ServeTls(Client& client);
  // Whether the client begins a TLS handshake.
  awaitable<bool> BeginsTls(Client& client);
  // The context of the next handshake; null, and logged, where the configuration is not right.
  TlsContext Context();

  template <typename Stream>
  awaitable<void> Converse(Client& client, Stream& stream, bool refuse_plain);
  template <typename Stream>
  awaitable<std::size_t> ReadHead(Client& client, Stream& stream, std::string& bytes);
  template <typename Stream>
  awaitable<void> Send(Client& client, Stream& stream, Reply reply, bool keep_alive);
  awaitable<Reply> Exchange(const RequestHead& head);
  awaitable<tcp::socket> Connect();

  const FrontOptions options_;
  std::atomic<std::size_t> reserved_files_ = 0;
  CodeCounts& counts_;
  Visits visits_;
  Places places_;
  IdleClients idle_clients_;
  std::size_t clients_ = 0;
  std::string complaint_;
  std::string last_accept_error_;
  // Below this is what uses it.
  asio::io_context io_{1};
  std::vector<tcp::socket> idle_backends_;
  std::vector<tcp::acceptor> acceptors_;
  std::optional<base::Thread> thread_;
};

Front::Impl::Impl(FrontOptions options, CodeCounts& counts)
    : options_(std::move(options)), counts_(counts), places_(options_.backend_connections) {
  ReserveFiles(options_.limits.reserved_files);
  for (const base::UniqueFd& listener : options_.listeners) {
    const bool v4 = AddressOf(listener.get()).socket.ss_family == AF_INET;
    acceptors_.emplace_back(io_, v4 ? tcp::v4() : tcp::v6(),
                            fcntl(listener.get(), F_DUPFD_CLOEXEC, 0));
  }
  for (tcp::acceptor& acceptor : acceptors_) {
    asio::co_spawn(io_, Accept(acceptor), asio::detached);
  }
  thread_.emplace("http-front", [this] { Run(); });
}

// A handler that throws ends with what it did; the others go on.
void Front::Impl::Run() noexcept {
  for (bool done = false; !done;) {
    try {
      io_.run();
      done = true;
    } catch (const std::exception& error) {
      base::LogError("http front", {{"error", error.what()}});
    }
  }
}

Front::Impl::~Impl() {
  io_.stop();
  thread_->Join();
}

// Whatever fails, clients are accepted again a little later.
awaitable<void> Front::Impl::Accept(tcp::acceptor& acceptor) {
  asio::steady_timer pause(io_);
  for (;;) {
    std::string failure;
    try {
      co_await AcceptOne(acceptor);
      last_accept_error_.clear();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    if (failure.empty()) continue;
    if (std::exchange(last_accept_error_, failure) != failure) {
      base::LogError("http clients cannot be accepted", {{"error", failure}});
    }
    if (idle_clients_.CloseLongestIdle()) continue;
    pause.expires_after(kAcceptPause);
    asio::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

awaitable<void> Front::Impl::AcceptOne(tcp::acceptor& acceptor) {
  tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
  const FrontLimits& limits = options_.limits;
  // One that is closed to make room is a client until its coroutine has ended; until then one more
  // than the limit is in the reserve.
  if (clients_ >= ClientLimit(limits.max_clients, reserved_files_) &&
      !idle_clients_.CloseLongestIdle()) {
    co_return;
  }
  asio::co_spawn(io_, Serve(std::move(socket)), asio::detached);
}

awaitable<void> Front::Impl::Serve(tcp::socket socket) {
  ++clients_;
  try {
    Client client(std::move(socket));
    client.socket.set_option(tcp::no_delay(true));
    client.socket.set_option(tcp::socket::keep_alive(true));
    if (options_.tls == nullptr) {
      co_await Converse(client, client.socket, /*refuse_plain=*/false);
    } else if (co_await BeginsTls(client)) {
      co_await ServeTls(client);
    } else {
      co_await Converse(client, client.socket, /*refuse_plain=*/true);
    }
  } catch (const asio::system_error& error) {
    // The client went, or was too slow.
    base::LogDebug("http client is given up", {{"error", error.code().message()}});
  } catch (const std::exception& error) {
    base::LogError("http client is given up", {{"error", error.what()}});
  }
  --clients_;
}

awaitable<bool> Front::Impl::BeginsTls(Client& client) {
  const IdleClients::Entry entry(idle_clients_, client);
  client.Expire(options_.limits.idle_timeout);
  client.socket.non_blocking(true);
  for (;;) {
    co_await client.socket.async_wait(tcp::socket::wait_read, use_awaitable);
    unsigned char first = 0;
    asio::error_code error;
    client.socket.receive(asio::buffer(&first, 1), tcp::socket::message_peek, error);
    if (!error) co_return first == kTlsHandshake;
    if (error != asio::error::would_block) throw asio::system_error(error);
  }
}

TlsContext Front::Impl::Context() {
  try {
    TlsContext context = options_.tls->Context();
    complaint_.clear();
    return context;
  } catch (const std::exception& error) {
    if (std::exchange(complaint_, error.what()) != error.what()) {
      base::LogError("no TLS handshake is possible", {{"error", error.what()}});
    }
    return nullptr;
  }
}

awaitable<void> Front::Impl::ServeTls(Client& client) {
  // Outlives the stream, whose handshake uses more of it than OpenSSL keeps.
  const TlsContext context = Context();
  if (context == nullptr) co_return;
  SSL_CTX_up_ref(context.get());
  asio::ssl::context shared(context.get());
  asio::ssl::stream<tcp::socket&> stream(client.socket, shared);
  {
    const IdleClients::Entry entry(idle_clients_, client);
    client.Expire(options_.limits.request_timeout);
    co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
  }
  co_await Converse(client, stream, /*refuse_plain=*/false);
  client.Expire(kFarewellTimeout);
  asio::error_code ignored;
  co_await stream.async_shutdown(asio::redirect_error(use_awaitable, ignored));
}

template <typename Stream>
awaitable<std::size_t> Front::Impl::ReadHead(Client& client, Stream& stream, std::string& bytes) {
  const IdleClients::Entry entry(idle_clients_, client);
  client.Expire(bytes.empty() ? options_.limits.idle_timeout : options_.limits.request_timeout);
  for (;;) {
    if (const auto end = FindHeadEnd(bytes)) co_return *end;
    if (bytes.size() >= kMaxHeadSize) {
      throw BadRequest(
          431, "the request's head is longer than " + std::to_string(kMaxHeadSize) + " bytes");
    }
    const std::size_t come = bytes.size();
    bytes.resize(std::min(come + kReadSize, kMaxHeadSize));
    asio::error_code error;
    const std::size_t got =
        co_await stream.async_read_some(asio::buffer(bytes.data() + come, bytes.size() - come),
                                        asio::redirect_error(use_awaitable, error));
    bytes.resize(come + got);
    if (client.expired && !bytes.empty()) {
      throw BadRequest(408, "the request did not arrive whole in time");
    }
    if (error) throw asio::system_error(error);
    if (come == 0) client.Expire(options_.limits.request_timeout);
    if (static_cast<unsigned char>(bytes[0]) == kTlsHandshake) {
      throw BadRequest(400, "Client sent a TLS handshake to an HTTP server.");
    }
  }
}

template <typename Stream>
awaitable<void> Front::Impl::Send(Client& client, Stream& stream, Reply reply, bool keep_alive) {
  const std::string_view connection =
      keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  client.expired = false;
  client.Expire(options_.limits.send_timeout);
  const std::string_view text = reply.text;
  const std::array<asio::const_buffer, 3> parts{asio::buffer(text.substr(0, reply.connection)),
                                                asio::buffer(connection),
                                                asio::buffer(text.substr(reply.rest))};
  co_await asio::async_write(stream, parts, use_awaitable);
}

template <typename Stream>
awaitable<void> Front::Impl::Converse(Client& client, Stream& stream, bool refuse_plain) {
  std::string bytes;
  bool keep_alive = true;
  bool unread = false;
  while (keep_alive) {
    std::optional<RequestHead> head;
    std::optional<Reply> refusal;
    try {
      const std::size_t end = co_await ReadHead(client, stream, bytes);
      if (refuse_plain) throw BadRequest(400, "Client sent an HTTP request to an HTTPS server.");
      head = ParseHead(std::string_view(bytes).substr(0, end));
      bytes.erase(0, end);
    } catch (const BadRequest& error) {
      counts_.Count(error.code());
      refusal = Refusal(error.code(), error.what());
    }
    const Visit visit(visits_);
    unread = !head || head->has_body;
    keep_alive = head && head->keep_alive && !unread;
    if (head) {
      Reply reply = co_await Exchange(*head);
      keep_alive = keep_alive && !reply.last;
      co_await Send(client, stream, std::move(reply), keep_alive);
    } else {
      co_await Send(client, stream, std::move(*refusal), false);
    }
  }
  if (!unread) co_return;
  // What is not read makes the kernel reset the connection, and the answer may be lost with it.
  client.Expire(kFarewellTimeout);
  client.socket.shutdown(tcp::socket::shutdown_send);
  bytes.resize(kMaxHeadSize);
  asio::error_code error;
  while (!error && !client.expired) {
    co_await client.socket.async_read_some(asio::buffer(bytes),
                                           asio::redirect_error(use_awaitable, error));
  }
}

awaitable<tcp::socket> Front::Impl::Connect() {
  tcp::socket backend(io_);
  co_await backend.async_connect({asio::ip::address_v4::loopback(), options_.backend_port},
                                 use_awaitable);
  backend.set_option(tcp::no_delay(true));
  co_return backend;
}

awaitable<Reply> Front::Impl::Exchange(const RequestHead& head) {
  co_await places_.Take();
  const Place place(places_);
  const std::string request = ToBackend(head, options_.backend_token);
  // A connection that was kept may have been closed meanwhile; a new one was not.
  for (bool kept = true; kept;) {
    kept = !idle_backends_.empty();
    try {
      std::optional<tcp::socket> backend;
      if (kept) {
        backend.emplace(std::move(idle_backends_.back()));
        idle_backends_.pop_back();
      } else {
        backend.emplace(co_await Connect());
      }
      co_await asio::async_write(*backend, asio::buffer(request), use_awaitable);
      Reply reply = co_await ReadReply(*backend, head.method != "HEAD");
      if (!reply.last) idle_backends_.push_back(std::move(*backend));
      co_return reply;
    } catch (const asio::system_error& error) {
      if (!kept) base::LogError("http request was dropped", {{"error", error.what()}});
    }
  }
  counts_.Count(503);
  co_return Refusal(503, "the request could not be answered; try again");
}

Front::Front(FrontOptions options, CodeCounts& counts)
    : impl_(std::make_unique<Impl>(std::move(options), counts)) {}
Front::~Front() = default;

void Front::ReserveFiles(std::size_t files) { impl_->ReserveFiles(files); }

void Front::Drain(base::TimePoint until) { impl_->Drain(until); }

}  // namespace scidex::http
