// A TCP connection to a PostgreSQL server as bad networks and poolers make it.
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

// Thread safe. What it is told holds for the connections that are open, too. Neither TLS nor GSS
// passes it, as it has to find where a message ends.
class TcpProxy {
 public:
  // Forwards to this port of the loopback interface. Throws std::system_error.
  explicit TcpProxy(int server_port);
  // Ends its connections and its thread.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  // `dsn`, of the server on 127.0.0.1, led through this.
  std::string Dsn(const std::string& dsn) const;

  // At most so many bytes a write, in both directions.
  void LimitWrites(std::size_t bytes);
  // So long between a write and the next one in the same direction.
  void Delay(std::chrono::microseconds between_writes);
  // Closes a connection when so many more bytes from the server have passed it.
  void CutAfter(std::size_t bytes);
  // Passes nothing on, and closes nothing: as a network that was cut. What comes meanwhile is
  // passed on afterwards.
  void Freeze();
  void Thaw();
  // Drops the connections that are open as a firewall does that has forgotten them: nothing passes
  // any more, and nobody is told. Those from now on are not affected.
  void Forget();
  // Leads connections from now on to this port.
  void Aim(int server_port);
  // Undoes the first three above, but for connections that are about to be cut.
  void BeGood();
  // Puts an ErrorResponse with this SQLSTATE, and severity, before the next ReadyForQuery.
  void InjectBeforeReady(const std::string& sqlstate, const std::string& severity = "FATAL");
  // Has every client told, as by its server, a warning with this SQLSTATE. It has arrived when this
  // returns.
  void Warn(const std::string& sqlstate);
  // Keeps from clients what servers report of this setting, as servers do that do not report it.
  void HideParameter(const std::string& name);
  // Replaces `from` by the equally long `to` in what clients send, where it comes in one piece.
  void Replace(const std::string& from, const std::string& to);

 private:
  using Clock = std::chrono::steady_clock;

  // One direction of a connection.
  struct Pipe {
    // Received; from a server, whole messages alone go on.
    std::string in;
    std::string out;
    Clock::time_point next_write{};
  };
  struct Link {
    base::UniqueFd client;
    base::UniqueFd server;
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
  // How many bytes were written; fewer than nothing if the peer has gone.
  ssize_t Write(int socket, Pipe& pipe, std::size_t most) SCIDEX_REQUIRES(mutex_);

  base::UniqueFd listener_;
  // Readable when there is something new to do.
  base::UniqueFd wake_;
  int port_ = 0;

  base::Mutex mutex_;
  int server_port_ SCIDEX_GUARDED_BY(mutex_);
  bool frozen_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t limit_ SCIDEX_GUARDED_BY(mutex_);
  std::chrono::microseconds delay_ SCIDEX_GUARDED_BY(mutex_){0};
  std::size_t cut_after_ SCIDEX_GUARDED_BY(mutex_);
  std::string injection_ SCIDEX_GUARDED_BY(mutex_);
  std::string hidden_ SCIDEX_GUARDED_BY(mutex_);
  std::string from_ SCIDEX_GUARDED_BY(mutex_);
  std::string to_ SCIDEX_GUARDED_BY(mutex_);
  std::list<Link> links_ SCIDEX_GUARDED_BY(mutex_);
  std::list<Link> forgotten_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all of the above.
  std::jthread thread_;
};

}  // namespace scidex::test
