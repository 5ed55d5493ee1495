// A real pgpool-II in front of a primary and its replica: private, on loopback, removed with the
// object.
#pragma once

#include <memory>
#include <string>

#include "support/postgres_cluster.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace scidex::test {

// Not thread safe.
class Pgpool {
 public:
  // In streaming replication mode: writes go to the primary; statements that pgpool considers reads
  // go to the replica if load_balance_mode is on. `settings` are further lines of its
  // configuration. Throws std::runtime_error with pgpool's message.
  Pgpool(const PostgresServer& primary, const PostgresServer& replica,
         const std::string& settings = "");
  // Stops it and its children.
  ~Pgpool();
  Pgpool(const Pgpool&) = delete;
  Pgpool& operator=(const Pgpool&) = delete;

  // Like the DSN of the servers, but through this.
  std::string Dsn() const;

 private:
  TempDir dir_;
  int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace scidex::test
