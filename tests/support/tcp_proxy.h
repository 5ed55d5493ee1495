// A TCP proxy in front of a PostgreSQL server that behaves like bad networks and poolers.
//
//   TcpProxy proxy(server.port());
//   proxy.LimitWrites(1);                  // every byte in a segment of its own
//   PQconnectdb(proxy.Dsn(server.Dsn()).c_str());
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <stop_token>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/unique_fd.h"

namespace scidex::test {

// Thread safe. Settings also apply to open connections. Neither TLS nor GSS works through it,
// because it has to find the ends of messages.
class TcpProxy {
 public:
  // Forwards to this port of the loopback interface. Throws std::system_error.
  explicit TcpProxy(int server_port);
  // Closes its connections and stops its thread.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  // `dsn`, of the server on 127.0.0.1, changed to lead through this proxy.
  std::string Dsn(const std::string& dsn) const;

  // The maximum number of bytes per write, in both directions.
  void LimitWrites(std::size_t bytes);
  // The delay between two writes in the same direction.
  void Delay(std::chrono::microseconds between_writes);
  // Closes a connection after this number of further bytes from the server.
  void CutAfter(std::size_t bytes);
  // Forwards nothing and closes nothing, like a network that is cut. What arrives meanwhile is
  // forwarded afterwards.
  void Suspend();
  void Resume();
  // Drops the open connections like a firewall that has lost its state: nothing is forwarded any
  // more, without notice. New connections are not affected.
  void ForgetConnections();
  // Sends new connections to this port.
  void ConnectTo(int server_port);
  // Undoes the first three above, except for connections that are about to be cut.
  void ClearFaults();
  // Inserts an ErrorResponse with this SQLSTATE and severity before the next ReadyForQuery.
  void InjectBeforeReady(const std::string& sqlstate, const std::string& severity = "FATAL");
  // Sends every client a warning with this SQLSTATE, as its server would. It has arrived when this
  // returns.
  void Warn(const std::string& sqlstate);
  // Removes the server's reports of this setting, like a server that does not report it.
  void HideParameter(const std::string& name);
  // Replaces `from` with `to`, of the same length, in what clients send, if it arrives in one
  // piece.
  void Replace(const std::string& from, const std::string& to);

 private:
  using Clock = std::chrono::steady_clock;

  // One direction of a connection.
  struct Pipe {
    // Received; only complete messages of a server are forwarded.
    std::string in;
    std::string out;
    Clock::time_point next_write{};
  };
  struct Link {
    base::UniqueFd server;
    // Closed before the server's.
    base::UniqueFd client;
    Pipe up;
    Pipe down;
    std::size_t left;
    bool ended = false;
  };

  void Listen();
  void Run(const std::stop_token& stop);
  void Await(int stop_fd);
  void Wake();
  void Step() SCIDEX_REQUIRES(mutex_);
  void Accept() SCIDEX_REQUIRES(mutex_);
  void Move(Link& link) SCIDEX_REQUIRES(mutex_);
  void ForwardFromClient(Pipe& up) SCIDEX_REQUIRES(mutex_);
  void ForwardFromServer(Pipe& down) SCIDEX_REQUIRES(mutex_);
  // The number of bytes written; negative if the peer has gone.
  ssize_t Write(int socket, Pipe& pipe, std::size_t most) SCIDEX_REQUIRES(mutex_);

  base::UniqueFd listener_;
  // Readable when the thread has work that no other descriptor reports.
  base::UniqueFd wake_;
  int port_ = 0;

  base::Mutex mutex_;
  int server_port_ SCIDEX_GUARDED_BY(mutex_);
  bool suspended_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t limit_ SCIDEX_GUARDED_BY(mutex_);
  std::chrono::microseconds delay_ SCIDEX_GUARDED_BY(mutex_){0};
  std::size_t cut_after_ SCIDEX_GUARDED_BY(mutex_);
  std::string injection_ SCIDEX_GUARDED_BY(mutex_);
  std::string hidden_ SCIDEX_GUARDED_BY(mutex_);
  std::string from_ SCIDEX_GUARDED_BY(mutex_);
  std::string to_ SCIDEX_GUARDED_BY(mutex_);
  std::list<Link> links_ SCIDEX_GUARDED_BY(mutex_);
  std::list<Link> forgotten_ SCIDEX_GUARDED_BY(mutex_);
  // The last member, because it uses all of the above.
  std::jthread thread_;
};

}  // namespace scidex::test
