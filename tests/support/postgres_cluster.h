// Real PostgreSQL servers for tests: private, on loopback, removed with the object.
//
//   PostgresServer primary({{"max_connections", "20"}});
//   auto replica = PostgresServer::MakeReplicaOf(primary);
//   primary.Execute("CREATE TABLE t (a int)");
//   replica->Suspend();  // accepts connections and never answers
//
// The binaries are those of the newest version in /usr/lib/postgresql; as root they run as the user
// postgres.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "support/process.h"
#include "support/temp_dir.h"

namespace scidex::test {

// Server settings by name, as in postgresql.conf.
using ServerSettings = std::map<std::string, std::string>;

// Not thread safe. Functions that return nothing return once they have succeeded, or throw
// std::runtime_error with the server's message.
class PostgresServer {
 public:
  // Every server has the superuser "postgres" and the ordinary user "app", who owns the database
  // "app". Over TCP both need this password; over the Unix socket no user needs one.
  static constexpr const char* kPassword = "scidex-test-password";

  // A running primary with an empty database cluster. All of these have the same system identifier.
  explicit PostgresServer(const ServerSettings& settings = {});
  // A primary with another system identifier.
  static std::unique_ptr<PostgresServer> MakeUnrelated();
  // A running replica that streams from `primary`, made as a copy of its current state.
  static std::unique_ptr<PostgresServer> MakeReplicaOf(const PostgresServer& primary,
                                                       const ServerSettings& settings = {});
  // In any state: stops the server immediately and removes its files.
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // On the same port as before. Returns when the server accepts connections.
  void Start();
  enum class StopMode { kFast, kImmediate };
  void Stop(StopMode mode = StopMode::kFast);
  void Restart();
  // Kills all its processes with SIGKILL, like a crash of the machine; Start() then recovers.
  void Kill9();
  // Suspends all its processes: the kernel still accepts connections for the server, but it does
  // not respond.
  void Suspend();
  void Resume();
  // Promotes a replica. Returns when it accepts writes.
  void Promote();
  // Makes this server, which must be stopped, a replica of `primary`. Both need wal_log_hints and
  // full_page_writes.
  void RewindTo(const PostgresServer& primary) const;

  // Takes effect at the next Start().
  void Set(const std::string& name, const std::string& value) { settings_[name] = value; }

  int port() const { return port_; }
  std::filesystem::path socket_dir() const { return dir_.path(); }
  std::filesystem::path data_dir() const { return dir_.path() / "data"; }

  // Over TCP with kPassword: "host=127.0.0.1 port=… user=… dbname=… password=…".
  std::string Dsn(const std::string& user = "app", const std::string& database = "app") const;

  // As the superuser, in a new connection. `sql` may contain several statements.
  void Execute(const std::string& sql, const std::string& database = "app") const;
  // Executes "ALTER SYSTEM `change`", and has the configuration read again, which takes a moment.
  void AlterSystem(const std::string& change, const std::string& database = "app") const;
  // The first column of the first row as text; "" for NULL or if there is no row.
  std::string QueryOne(const std::string& sql, const std::string& database = "app") const;

  // What the server has logged since its last start.
  std::string Log() const;

 private:
  struct Empty {};
  PostgresServer(Empty, const ServerSettings& settings);

  std::string SocketDsn(const std::string& database) const;
  // False if another process uses the port.
  bool TryStart();
  void AwaitReady();

  TempDir dir_;
  ServerSettings settings_;
  int port_;
  std::unique_ptr<Process> postmaster_;
};

}  // namespace scidex::test
