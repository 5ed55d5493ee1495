#include "support/pgbouncer.h"

#include <libpq-fe.h>

#include <stdexcept>
#include <vector>

#include "support/eventually.h"
#include "support/free_port.h"

namespace scidex::test {

PgBouncer::PgBouncer(const PostgresServer& server, const std::string& pool_mode,
                     const std::string& settings)
    : dir_(UnprivilegedUser()), port_(FreePort()) {
  const std::string password = PostgresServer::kPassword;
  dir_.Write("users.txt", "\"app\" \"" + password + "\"\n\"admin\" \"" + password + "\"\n");
  dir_.Write("pgbouncer.ini",
             "[databases]\napp = host=127.0.0.1 port=" + std::to_string(server.port()) +
                 (pool_mode == "session" ? " pool_size=10" : " pool_size=1") +
                 "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port_) +
                 "\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = " +
                 (dir_.path() / "users.txt").string() + "\nadmin_users = admin\npool_mode = " +
                 pool_mode + "\nserver_login_retry = 0.1\n" + settings + "\n");
  Start();
}

void PgBouncer::Start() {
  process_ = std::make_unique<Process>(ProcessOptions{
      {"/usr/sbin/pgbouncer", (dir_.path() / "pgbouncer.ini").string()}, {}, UnprivilegedUser()});
  const bool listens = Eventually(
      kPatience, [&] { return !process_->running() || PQping(Dsn().c_str()) == PQPING_OK; });
  if (!listens || !process_->running())
    throw std::runtime_error("PgBouncer does not start:\n" + process_->Errors());
}

std::string PgBouncer::Dsn() const {
  return "host=127.0.0.1 port=" + std::to_string(port_) +
         " user=app dbname=app password=" + PostgresServer::kPassword;
}

void PgBouncer::Command(const std::string& command) const {
  const std::string dsn = "host=127.0.0.1 port=" + std::to_string(port_) +
                          " user=admin dbname=pgbouncer password=" + PostgresServer::kPassword;
  PGconn* const connection = PQconnectdb(dsn.c_str());
  PGresult* const result = PQexec(connection, command.c_str());
  const std::string error = PQerrorMessage(connection);
  const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  PQfinish(connection);
  if (!done) throw std::runtime_error(command + ": " + error);
}

}  // namespace scidex::test
