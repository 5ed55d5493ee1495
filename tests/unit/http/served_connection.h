// A served connection on the test's own thread and clock: the test plays its client and its
// backend, and moves the time.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "http/connection.h"

namespace scidex::http {

// Does not move until the test moves it.
class StandingClock final : public base::Clock {
 public:
  base::TimePoint Now() const override { return now_; }
  base::WallTime WallNow() const override { return {}; }
  bool WaitUntil(base::CondVar&, base::Mutex&, base::TimePoint) override { return false; }
  void Advance(base::Duration by) { now_ += by; }

 private:
  base::TimePoint now_{std::chrono::hours(1)};
};

class ServedConnection {
 public:
  ServedConnection() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
      std::abort();
    client_ = base::UniqueFd(ends[0]);
    asio::local::stream_protocol::socket accepted(io_, asio::local::stream_protocol(), ends[1]);
    asio::co_spawn(io_, Serve(ClientSocket(std::move(accepted))), asio::detached);
    Run();
  }
  // After any behaviour of the client and the backend, nothing is left waiting.
  ~ServedConnection() { End(); }
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;

  // The client's actions. Bytes that do not fit are not sent.
  void Send(const std::string& bytes) {
    if (client_.valid())
      static_cast<void>(send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    Run();
  }
  void Read(std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = client_.valid() ? recv(client_.get(), bytes.data(), size, 0) : -1;
    if (got > 0) received_.append(bytes, 0, static_cast<std::size_t>(got));
    Run();
  }
  void ReadAll() {
    for (std::size_t before = received_.size() + 1; received_.size() != before;) {
      before = received_.size();
      Read(1 << 20);
    }
  }
  void CloseForWriting() {
    if (client_.valid()) shutdown(client_.get(), SHUT_WR);
    Run();
  }
  // With unread bytes, this resets the connection.
  void Close() {
    client_ = base::UniqueFd();
    Run();
  }

  // The backend's response to the request that has waited longest.
  bool HasRequest() const { return !asked_.empty(); }
  const RequestHead& request() const { return asked_.front()->head; }
  void Answer(std::string body) {
    Response response;
    response.body = std::move(body);
    SendReply(MakeReply(response));
  }
  void Refuse(const std::string& why) { SendReply(Refusal(503, why)); }
  void Drop() { SendReply(nullptr); }

  void Advance(base::Duration by) {
    clock_.Advance(by);
    deadlines_.Expire();
    Run();
  }
  // The backend drops its request, and the wait for the client ends.
  void End() {
    for (int i = 0; i < 100 && !ended_; ++i) {
      if (HasRequest()) Drop();
      Advance(std::chrono::minutes(5));
    }
  }

  bool ended() const { return ended_; }
  // An error other than one of the client.
  const std::string& failure() const { return failure_; }
  const std::string& received() const { return received_; }
  std::size_t waited_for() { return idle_clients_.size() + memory_.readers().size(); }
  std::size_t memory_used() const { return memory_.used(); }
  int requests() const { return requests_; }
  std::uint64_t answers() const {
    std::uint64_t all = 0;
    for (const auto& [code, count] : counts_.Read()) all += count;
    return all;
  }

 private:
  struct Asked {
    RequestHead head;
    asio::steady_timer done;
    bool is_done = false;
    ReplyPtr reply;
  };

  void Run() {
    io_.restart();
    io_.poll();
  }
  void SendReply(ReplyPtr reply) {
    asked_.front()->reply = std::move(reply);
    asked_.front()->is_done = true;
    asked_.front()->done.cancel();
    asked_.pop_front();
    Run();
  }
  asio::awaitable<ReplyPtr> Ask(const RequestHead& head) {
    ++requests_;
    Asked asked{head, asio::steady_timer(io_, asio::steady_timer::time_point::max()), false, {}};
    asked_.push_back(&asked);
    while (!asked.is_done) {
      asio::error_code woken;
      co_await asked.done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return asked.reply;
  }
  asio::awaitable<void> Serve(ClientSocket socket) {
    try {
      Client client(std::move(socket), deadlines_);
      co_await ServeConnection(client, client.socket, serving_, {});
    } catch (const asio::system_error&) {
      // The client has gone.
    } catch (const std::exception& error) {
      failure_ = error.what();
    }
    ended_ = true;
  }

  StandingClock clock_;
  const ConnectionTimeouts timeouts_;
  Deadlines deadlines_{clock_};
  CodeCounts counts_;
  InFlightCounter in_flight_;
  ClientList idle_clients_;
  AnswerMemory memory_{1 << 20};
  std::list<Asked*> asked_;
  // Declared after everything that its coroutines refer to.
  asio::io_context io_{1};
  Serving serving_{timeouts_,
                   deadlines_,
                   counts_,
                   in_flight_,
                   idle_clients_,
                   memory_,
                   [this](const RequestHead& head, const Client&) { return Ask(head); }};
  base::UniqueFd client_;
  std::string received_;
  std::string failure_;
  int requests_ = 0;
  bool ended_ = false;
};

}  // namespace scidex::http
