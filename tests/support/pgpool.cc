#include "support/pgpool.h"

#include <libpq-fe.h>
#include <signal.h>

#include <stdexcept>

#include "support/eventually.h"
#include "support/free_port.h"

namespace scidex::test {
namespace {

std::string Backend(int number, const PostgresServer& server, int weight) {
  const std::string n = std::to_string(number);
  return "backend_hostname" + n + " = '127.0.0.1'\nbackend_port" + n + " = " +
         std::to_string(server.port()) + "\nbackend_weight" + n + " = " + std::to_string(weight) +
         "\nbackend_flag" + n + " = 'DISALLOW_TO_FAILOVER'\n";
}

bool Connects(const std::string& dsn) {
  PGconn* const connection = PQconnectdb(dsn.c_str());
  const bool connected = PQstatus(connection) == CONNECTION_OK;
  PQfinish(connection);
  return connected;
}

}  // namespace

Pgpool::Pgpool(const PostgresServer& primary, const PostgresServer& replica,
               const std::string& settings)
    : dir_(UnprivilegedUser()), port_(FreePort()) {
  const std::string dir = dir_.path().string();
  dir_.Write("pcp.conf", "");
  // Without a list of passwords it asks the client for one, and logs in to the servers with it.
  dir_.Write("pgpool.conf",
             "backend_clustering_mode = 'streaming_replication'\nlisten_addresses = '127.0.0.1'\n"
             "port = " +
                 std::to_string(port_) +
                 "\npcp_listen_addresses = ''\npcp_port = " + std::to_string(FreePort()) +
                 "\nunix_socket_directories = '" + dir + "'\npcp_socket_dir = '" + dir +
                 "'\npid_file_name = '" + dir + "/pgpool.pid'\nlogdir = '" + dir +
                 "'\nwork_dir = '" + dir + "'\n" + Backend(0, primary, 0) + Backend(1, replica, 1) +
                 "num_init_children = 16\nsr_check_period = 1\nsr_check_user = 'postgres'\n"
                 "sr_check_database = 'postgres'\nsr_check_password = '" +
                 std::string(PostgresServer::kPassword) +
                 "'\nenable_pool_hba = off\npool_passwd = ''\n"
                 "allow_clear_text_frontend_auth = on\n" +
                 settings + "\n");
  process_ = std::make_unique<Process>(
      ProcessOptions{{"/usr/sbin/pgpool", "-n", "-f", dir + "/pgpool.conf", "-F", dir + "/pcp.conf",
                      "-a", "/dev/null"},
                     {},
                     UnprivilegedUser()});
  const bool listens =
      Eventually(kPatience, [&] { return !process_->running() || Connects(Dsn()); });
  if (!listens || !process_->running())
    throw std::runtime_error("pgpool does not start:\n" + process_->Errors());
}

Pgpool::~Pgpool() {
  process_->Signal(SIGINT);
  process_->Wait(kPatience);
  kill(-process_->pid(), SIGKILL);
}

std::string Pgpool::Dsn() const {
  return "host=127.0.0.1 port=" + std::to_string(port_) +
         " user=app dbname=app password=" + PostgresServer::kPassword;
}

}  // namespace scidex::test
