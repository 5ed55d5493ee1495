// A real pgpool-II in front of a primary and its replica: private, on loopback, gone with the
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
  // In streaming replication mode: writes go to the primary, and what pgpool takes for a read to
  // the replica where load_balance_mode is on. `settings` are further lines of its configuration.
  // Throws std::runtime_error with its own words.
  Pgpool(const PostgresServer& primary, const PostgresServer& replica,
         const std::string& settings = "");
  // Ends it with its children.
  ~Pgpool();
  Pgpool(const Pgpool&) = delete;
  Pgpool& operator=(const Pgpool&) = delete;

  // Of the servers, through this.
  std::string Dsn() const;

 private:
  TempDir dir_;
  int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace scidex::test
