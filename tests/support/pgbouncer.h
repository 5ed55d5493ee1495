// A real PgBouncer in front of a PostgresServer: private, on loopback, gone with the object.
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
  // `pool_mode` as in its configuration: session, transaction or statement. But in session mode it
  // has one server connection for all clients, so that what one leaves behind the next one meets.
  // `settings` are lines of its own section. Throws std::runtime_error with its own words.
  PgBouncer(const PostgresServer& server, const std::string& pool_mode,
            const std::string& settings = "");
  // Ends it at once.
  ~PgBouncer() = default;
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  // Of the server, through this.
  std::string Dsn() const;
  // Ended at once; then started on the same port.
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
