// A real PgBouncer in front of a PostgresServer: private, on loopback, removed with the object.
#pragma once

#include <memory>
#include <string>

#include "support/postgres_cluster.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace scidex::test {

// Not thread safe.
class PgBouncer {
 public:
  // `pool_mode` is session, transaction or statement, as in PgBouncer's configuration; but in
  // session mode there is one server connection for all clients, so that the next client gets the
  // state that the last one left. `settings` are lines of its [pgbouncer] section. Throws
  // std::runtime_error with PgBouncer's message.
  PgBouncer(const PostgresServer& server, const std::string& pool_mode,
            const std::string& settings = "");
  // Stops it immediately.
  ~PgBouncer() = default;
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  int port() const { return port_; }
  // Like the DSN of the server, but through this.
  std::string Dsn() const;
  // Stops it immediately, then starts it on the same port.
  void Stop() { process_.reset(); }
  void Start();
  // A command of its administration console, such as PAUSE.
  void Command(const std::string& command) const;

 private:
  TempDir dir_;
  int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace scidex::test
