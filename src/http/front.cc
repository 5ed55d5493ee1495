#include "http/front.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "http/address.h"
#include "http/answer_memory.h"
#include "http/awaitable.h"
#include "http/backend_link.h"
#include "http/client.h"
#include "http/client_limit.h"
#include "http/client_list.h"
#include "http/connection.h"
#include "http/direct_answers.h"
#include "http/handshakes.h"
#include "http/in_flight.h"
#include "http/memory_reserve.h"
#include "http/request_queue.h"
#include "http/run_loop.h"

namespace scidex::http {
namespace {

using asio::awaitable;
using asio::ip::tcp;

// Pauses before the next accept after a failure: if a client was closed to make room, and
// otherwise.
constexpr auto kClosePause = std::chrono::milliseconds(5);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
// If the deadlines cannot be awaited.
constexpr auto kDeadlinePause = std::chrono::milliseconds(100);

std::size_t FilesOfFront(const FrontOptions& options) {
  return FilesOfServer(static_cast<std::size_t>(options.backend_connections),
                       options.listeners.size());
}

// Clients that wait are not closed to make room, and health checks need some of the limit.
std::size_t MaxWaitingClients(std::size_t limit, std::size_t slots) {
  return std::max<std::size_t>(1, (limit - std::min(limit, slots)) / 4 * 3);
}

// Whether a client waits to be accepted.
bool IsWaitedFor(tcp::acceptor& acceptor) {
  pollfd listener{acceptor.native_handle(), POLLIN, 0};
  return poll(&listener, 1, 0) > 0;
}

// If a coroutine that must not end cannot even be suspended: the reserve of memory is used up.
void BlockFor(base::Duration pause) { std::this_thread::sleep_for(pause); }

}  // namespace

class Front::Impl {
 public:
  Impl(FrontOptions options, CodeCounts& counts);
  ~Impl();

  void ReserveFiles(std::size_t files);
  void CallBack(std::function<void()> call);
  void Drain(base::TimePoint until) { in_flight_.AwaitNone(until); }

 private:
  void Stop();
  awaitable<void> ExpireDeadlines();
  awaitable<void> Accept(tcp::acceptor& acceptor);
  awaitable<void> AcceptSome(tcp::acceptor& acceptor);
  void ReportAcceptError(const std::exception& error) noexcept;
  void Admit(ClientSocket socket);
  std::size_t Limit() const { return ClientLimit(options_.limits.max_clients, reserved_files_); }
  // Closes clients until there are no more than the limit.
  awaitable<void> AwaitLimit();
  void CloseExcess();
  bool MakeRoom(Victims victims = Victims::kAny);
  bool HasRoomFor(std::size_t more) const { return clients_ + more - closing_ <= Limit(); }
  awaitable<void> Serve(ClientSocket socket);
  awaitable<void> ServeTls(Client& client);
  // Whether the client begins with a TLS handshake.
  awaitable<bool> BeginsTls(Client& client);
  awaitable<ReplyPtr> Answer(const RequestHead& head, const Client& client);
  RequestQueue::Options QueueOptions();

  const FrontOptions options_;
  const ConnectionTimeouts timeouts_{options_.limits.request_timeout, options_.limits.idle_timeout,
                                     options_.limits.send_timeout, options_.limits.stall_timeout};
  std::atomic<std::size_t> reserved_files_ = 0;
  InFlightCounter in_flight_;
  // The members below belong to the front's thread.
  asio::io_context io_{1};
  bool stopping_ = false;
  std::size_t clients_ = 0;
  // Those of them that MakeRoom() has closed.
  std::size_t closing_ = 0;
  // Never expires; cancelled whenever a client has ended.
  asio::steady_timer client_ended_{io_, asio::steady_timer::time_point::max()};
  std::string last_accept_error_;
  std::vector<tcp::acceptor> acceptors_;
  Deadlines deadlines_{base::RealClock()};
  asio::steady_timer next_deadline_{io_};
  ClientList idle_clients_;
  ClientList handshaking_;
  AnswerMemory memory_;
  BackendLink backend_;
  RequestQueue queue_;
  DirectAnswers direct_;
  std::optional<Handshakes> handshakes_;
  Serving serving_;
  // Never expires. The destructor cancels it, because that, unlike asio::post(), needs no memory.
  asio::steady_timer stop_{io_, asio::steady_timer::time_point::max()};
  MemoryReserve reserve_;
  std::optional<base::Thread> thread_;
};

Front::Impl::Impl(FrontOptions options, CodeCounts& counts)
    : options_(std::move(options)),
      memory_(options_.limits.max_answer_bytes),
      backend_(options_.backend_path, *options_.backend_bodies, options_.limits.backend_timeout,
               deadlines_, memory_),
      queue_(QueueOptions(), backend_),
      direct_(options_.direct_paths, options_.direct_answer),
      serving_{
          timeouts_,
          deadlines_,
          counts,
          in_flight_,
          idle_clients_,
          memory_,
          [this](const RequestHead& head, const Client& client) { return Answer(head, client); }} {
  ReserveFiles(options_.limits.reserved_files);
  if (options_.tls != nullptr) handshakes_.emplace(*options_.tls);
  for (const base::UniqueFd& listener : options_.listeners) {
    const bool v4 = AddressOf(listener.get()).socket.ss_family == AF_INET;
    acceptors_.emplace_back(io_, v4 ? tcp::v4() : tcp::v6(),
                            fcntl(listener.get(), F_DUPFD_CLOEXEC, 0));
    acceptors_.back().non_blocking(true);
  }
  deadlines_.OnEarlier([this] { next_deadline_.cancel(); });
  stop_.async_wait([this](const asio::error_code&) { Stop(); });
  asio::co_spawn(io_, ExpireDeadlines(), asio::detached);
  for (tcp::acceptor& acceptor : acceptors_) {
    asio::co_spawn(io_, Accept(acceptor), asio::detached);
  }
  thread_.emplace("http-front", [this] { RunLoop(io_, reserve_); });
}

// The thread ends when all connections have ended.
Front::Impl::~Impl() {
  stop_.cancel();
  thread_->Join();
}

RequestQueue::Options Front::Impl::QueueOptions() {
  const auto slots = static_cast<std::size_t>(options_.backend_connections);
  RequestQueue::Options queue{
      .slots = slots,
      .patience = {options_.limits.max_waiting, options_.limits.max_wait},
      .max_clients = {},
      .refusal = "more than " + std::to_string(slots) + " requests at once; try again later"};
  if (options_.limits.max_waiting != FrontLimits::kNoLimit) {
    queue.max_clients = [this, slots] { return MaxWaitingClients(Limit(), slots); };
  }
  return queue;
}

void Front::Impl::Stop() {
  stopping_ = true;
  asio::error_code ignored;
  for (tcp::acceptor& acceptor : acceptors_) static_cast<void>(acceptor.close(ignored));
  next_deadline_.cancel();
  client_ended_.cancel();
  queue_.Stop();
  deadlines_.Stop();
}

void Front::Impl::ReserveFiles(std::size_t files) {
  const std::size_t all = FilesOfFront(options_) + files;
  // A limit that was lowered meanwhile must not refuse a change that needs no more files, such as a
  // new password.
  if (all == reserved_files_) return;
  RequireFiles(all);
  reserved_files_ = all;
  // Now, because the files may be needed before another client comes.
  asio::post(io_, [this] { CloseExcess(); });
}

void Front::Impl::CallBack(std::function<void()> call) {
  asio::post(io_, [this, call = std::move(call)] { direct_.CallBack(call); });
}

awaitable<void> Front::Impl::ExpireDeadlines() {
  while (!stopping_) {
    try {
      next_deadline_.expires_at(deadlines_.Next());
      asio::error_code woken;
      co_await next_deadline_.async_wait(asio::redirect_error(kAwaitable, woken));
      deadlines_.Expire();
    } catch (const std::exception&) {
      BlockFor(kDeadlinePause);
    }
  }
}

// After any failure, accepts again after a pause.
awaitable<void> Front::Impl::Accept(tcp::acceptor& acceptor) {
  asio::steady_timer pause(io_);
  while (!stopping_) {
    try {
      // What other clients need without fail is bounded only if their number does not grow.
      if (!MemoryReserve::IsFull()) throw std::bad_alloc();
      co_await AwaitLimit();
      co_await AcceptSome(acceptor);
      last_accept_error_.clear();
      continue;
    } catch (const std::exception& error) {
      if (stopping_) co_return;
      ReportAcceptError(error);
    }
    try {
      pause.expires_after(MakeRoom() ? kClosePause : kAcceptPause);
      asio::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(kAwaitable, ignored));
    } catch (const std::exception&) {
      BlockFor(kAcceptPause);
    }
  }
}

void Front::Impl::ReportAcceptError(const std::exception& error) noexcept {
  try {
    if (last_accept_error_ == error.what()) return;
    last_accept_error_ = error.what();
    base::LogError("http clients cannot be accepted", {{"error", last_accept_error_}});
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

// Several at once: otherwise a client that only asks for health would wait until those that came
// before it in a burst have been accepted one by one, each after a part of a long response. They
// are admitted last, so that none of them is closed for the next one before it can send its
// request.
awaitable<void> Front::Impl::AcceptSome(tcp::acceptor& acceptor) {
  std::vector<ClientSocket> accepted;
  accepted.reserve(kMaxAccepts);
  accepted.emplace_back(co_await acceptor.async_accept(kAwaitable));
  if (!HasRoomFor(1) && !MakeRoom()) co_return;
  while (accepted.size() < kMaxAccepts && MemoryReserve::IsFull() && IsWaitedFor(acceptor) &&
         (HasRoomFor(accepted.size() + 1) || MakeRoom(Victims::kStale))) {
    // Not through Asio, which may wait for a client even in non-blocking mode.
    base::UniqueFd next(accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    // The client has gone, or an error that the next call will report.
    if (!next.valid()) break;
    accepted.emplace_back(io_).assign(acceptor.local_endpoint().protocol(), next.get());
    next.Release();
  }
  for (ClientSocket& socket : accepted) {
    if (!MemoryReserve::IsFull()) throw std::bad_alloc();
    Admit(std::move(socket));
  }
}

void Front::Impl::Admit(ClientSocket socket) {
  ++clients_;
  try {
    // Asio starts the coroutine in a function that is noexcept. It runs until it awaits a request.
    const MustNotFail scope;
    asio::co_spawn(io_, Serve(std::move(socket)), asio::detached);
  } catch (...) {
    --clients_;
    throw;
  }
}

// The end of a client that was closed may have to wait for the thread of the handshakes. If others
// were accepted meanwhile, their number would have no limit. The limit itself may have been
// lowered, by a reload or by prlimit(1).
awaitable<void> Front::Impl::AwaitLimit() {
  asio::steady_timer pause(io_);
  while (!stopping_ && clients_ > Limit()) {
    CloseExcess();
    asio::error_code ignored;
    if (HasRoomFor(0)) {
      co_await client_ended_.async_wait(asio::redirect_error(kAwaitable, ignored));
    } else {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(kAwaitable, ignored));
    }
  }
}

void Front::Impl::CloseExcess() {
  while (!HasRoomFor(0) && MakeRoom()) {
  }
}

bool Front::Impl::MakeRoom(Victims victims) {
  Client* const client = CloseForRoom(idle_clients_, memory_.readers(), handshaking_, victims);
  if (client == nullptr) return false;
  client->makes_room = true;
  ++closing_;
  return true;
}

awaitable<void> Front::Impl::Serve(ClientSocket socket) {
  struct Ended {
    ~Ended() {
      --front.clients_;
      front.client_ended_.cancel();
    }
    Impl& front;
  };
  const Ended ended{*this};
  try {
    Client client(std::move(socket), deadlines_);
    struct Closed {
      ~Closed() {
        if (client.makes_room) --front.closing_;
      }
      Impl& front;
      const Client& client;
    };
    const Closed closed{*this, client};
    if (!handshakes_) {
      co_await ServeConnection(client, client.socket, serving_, {});
    } else if (co_await BeginsTls(client)) {
      co_await ServeTls(client);
    } else {
      co_await ServeConnection(client, client.socket, serving_,
                               {.refuse_plain = true, .may_go_on = {}});
    }
  } catch (const asio::system_error& error) {
    // The client has gone, or was too slow.
    base::LogDebug("http client was dropped", {{"error", error.code().message()}});
  } catch (const std::exception& error) {
    base::LogError("http client was dropped", {{"error", error.what()}});
  }
}

awaitable<bool> Front::Impl::BeginsTls(Client& client) {
  const ClientList::Entry entry(idle_clients_, client);
  client.deadline.Set(base::Add(deadlines_.Now(), timeouts_.idle), Deadline::Ends::kBoth);
  client.socket.non_blocking(true);
  for (;;) {
    co_await client.socket.async_wait(ClientSocket::wait_read, kAwaitable);
    unsigned char first = 0;
    asio::error_code error;
    const std::size_t got =
        client.socket.receive(asio::buffer(&first, 1), ClientSocket::message_peek, error);
    if (got == 1) co_return first == kTlsHandshake;
    if (error != asio::error::would_block) throw asio::system_error(error);
  }
}

awaitable<void> Front::Impl::ServeTls(Client& client) {
  client.deadline.Set(base::Add(deadlines_.Now(), timeouts_.request), Deadline::Ends::kBoth);
  std::unique_ptr<TlsConnection> connection;
  {
    const ClientList::Entry entry(handshaking_, client);
    connection = co_await handshakes_->Perform(client);
  }
  if (connection == nullptr) co_return;
  Terms terms;
  terms.may_go_on = [&]() -> awaitable<bool> {
    co_return co_await handshakes_->Context() == connection->context();
  };
  co_await ServeConnection(client, connection->stream(), serving_, terms);
  const ClientList::Entry entry(idle_clients_, client);
  client.deadline.Set(base::Add(deadlines_.Now(), kLingerTimeout), Deadline::Ends::kBoth);
  asio::error_code ignored;
  co_await connection->stream().async_shutdown(asio::redirect_error(kAwaitable, ignored));
}

awaitable<ReplyPtr> Front::Impl::Answer(const RequestHead& head, const Client& client) {
  if (direct_.Has(head)) co_return co_await direct_.Make(head);
  co_return co_await queue_.Ask(head, client);
}

Front::Front(FrontOptions options, CodeCounts& counts)
    : impl_(std::make_unique<Impl>(std::move(options), counts)) {}
Front::~Front() = default;

void Front::ReserveFiles(std::size_t files) { impl_->ReserveFiles(files); }

void Front::CallBack(std::function<void()> call) { impl_->CallBack(std::move(call)); }

void Front::Drain(base::TimePoint until) { impl_->Drain(until); }

}  // namespace scidex::http
