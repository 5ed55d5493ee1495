// Real PostgreSQL servers for tests: private, on loopback, gone with the object.
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

// Server settings by name, as postgresql.conf knows them.
using ServerSettings = std::map<std::string, std::string>;

// Not thread safe. Functions that return nothing have brought about what they are named after, or
// throw std::runtime_error with the server's own words.
class PostgresServer {
 public:
  // Every server knows the superuser "postgres" and the plain user "app", owner of the database
  // "app". Over TCP both need this password; over the Unix socket nobody needs one.
  static constexpr const char* kPassword = "scidex-test-password";

  // A running primary with an empty database cluster. All of these have one system identifier.
  explicit PostgresServer(const ServerSettings& settings = {});
  // One with another.
  static std::unique_ptr<PostgresServer> MakeStranger();
  // A running replica that streams from `primary`, a copy of it as it is now.
  static std::unique_ptr<PostgresServer> MakeReplicaOf(const PostgresServer& primary,
                                                       const ServerSettings& settings = {});
  // Whatever state it is in: ended at once, and its files removed.
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // On the same port as before. Returns when the server takes connections.
  void Start();
  enum class StopMode { kFast, kImmediate };
  void Stop(StopMode mode = StopMode::kFast);
  void Restart();
  // Ends all its processes with SIGKILL, as a crash of the machine does; Start() then recovers.
  void Kill9();
  // Freezes all its processes: the kernel goes on to accept connections for it, and nothing
  // answers.
  void Suspend();
  void Resume();
  // Makes a replica a primary. Returns when it takes writes.
  void Promote();

  // Takes effect at the next Start().
  void Set(const std::string& name, const std::string& value) { settings_[name] = value; }

  int port() const { return port_; }
  std::filesystem::path socket_dir() const { return dir_.path(); }
  std::filesystem::path data_dir() const { return dir_.path() / "data"; }

  // Over TCP with kPassword: "host=127.0.0.1 port=… user=… dbname=… password=…".
  std::string Dsn(const std::string& user = "app", const std::string& database = "app") const;

  // As the superuser, in a connection of its own. `sql` may hold several statements.
  void Execute(const std::string& sql, const std::string& database = "app") const;
  // The first column of the first row as text, "" for NULL and for no row.
  std::string QueryOne(const std::string& sql, const std::string& database = "app") const;

  // What the server has logged since its last start.
  std::string Log() const;

 private:
  struct Empty {};
  PostgresServer(Empty, const ServerSettings& settings);

  std::string SocketDsn(const std::string& database) const;
  // False if another process has the port.
  bool TryStart();
  void AwaitReady();

  TempDir dir_;
  ServerSettings settings_;
  int port_;
  std::unique_ptr<Process> postmaster_;
};

}  // namespace scidex::test
