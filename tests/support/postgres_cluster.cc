#include "support/postgres_cluster.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/shm.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "support/eventually.h"
#include "support/free_port.h"

namespace scidex::test {

namespace fs = std::filesystem;

namespace {

// The directory of the newest version's programs.
const fs::path& BinDir() {
  static const fs::path newest = [] {
    fs::path result;
    int version = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql")) {
      const int candidate = std::atoi(entry.path().filename().c_str());
      if (candidate <= version || !fs::exists(entry.path() / "bin/initdb")) continue;
      version = candidate;
      result = entry.path() / "bin";
    }
    if (result.empty()) throw std::runtime_error("no PostgreSQL server in /usr/lib/postgresql");
    return result;
  }();
  return newest;
}

void MustRun(const std::vector<std::string>& command,
             std::map<std::string, std::string> environment = {}) {
  environment["LC_ALL"] = "C";
  const ProcessResult result = Run({command, std::move(environment), UnprivilegedUser()});
  if (result.exit_status != 0) throw std::runtime_error(command.front() + ": " + result.errors);
}

struct ConnectionDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};

std::string Query(const std::string& dsn, const std::string& sql) {
  const std::unique_ptr<PGconn, ConnectionDeleter> connection(PQconnectdb(dsn.c_str()));
  const std::unique_ptr<PGresult, ResultDeleter> result(PQexec(connection.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  }
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

// Parent and state of a process as in /proc/PID/stat; state 0 if there is no such process.
struct ProcessFacts {
  char state = 0;
  pid_t parent = 0;
};

ProcessFacts FactsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  ProcessFacts facts;
  std::getline(file, line);
  const std::size_t after_name = line.rfind(") ");
  if (after_name == std::string::npos) return facts;
  facts.state = line[after_name + 2];
  facts.parent = std::atoi(line.c_str() + after_name + 4);
  return facts;
}

bool HasExited(pid_t pid) {
  const char state = FactsOf(pid).state;
  return state == 0 || state == 'Z' || state == 'X';
}

void SuspendProcess(pid_t pid) {
  kill(pid, SIGSTOP);
  Eventually(kPatience, [pid] { return FactsOf(pid).state == 'T' || HasExited(pid); });
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && FactsOf(pid).parent == parent) children.push_back(pid);
  }
  return children;
}

void InitDb(const fs::path& target) {
  MustRun({BinDir() / "initdb", "--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8",
           "--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
           "--wal-segsize=1", "--pgdata=" + target.string()});
  const std::string password = std::string("PASSWORD '") + PostgresServer::kPassword + "'";
  std::ofstream(target / "users.sql") << "ALTER ROLE postgres " << password << "\n"
                                      << "CREATE ROLE app LOGIN " << password << "\n"
                                      << "CREATE DATABASE app OWNER app\n";
  MustRun({"sh", "-c",
           "exec \"$0\" --single -F -c exit_on_error=on -D \"$1\" postgres <\"$1/users.sql\"",
           BinDir() / "postgres", target});
}

// The template of most servers, made once per program: initdb takes longer than everything else.
const fs::path& Template() {
  static const TempDir dir(UnprivilegedUser());
  static const fs::path data = [] {
    const fs::path target = dir.path() / "data";
    InitDb(target);
    return target;
  }();
  return data;
}

ServerSettings WithDefaults(const ServerSettings& settings) {
  ServerSettings result = settings;
  result.merge(ServerSettings{{"listen_addresses", "127.0.0.1"},
                              {"fsync", "off"},
                              {"full_page_writes", "off"},
                              {"shared_buffers", "8MB"},
                              {"dynamic_shared_memory_type", "mmap"},
                              {"max_connections", "50"},
                              {"wal_level", "replica"},
                              {"wal_keep_size", "64MB"},
                              {"wal_retrieve_retry_interval", "100ms"},
                              {"autovacuum", "off"},
                              {"logging_collector", "off"}});
  return result;
}

}  // namespace

PostgresServer::PostgresServer(Empty, const ServerSettings& settings)
    : dir_(UnprivilegedUser()), settings_(WithDefaults(settings)), port_(FreePort()) {}

PostgresServer::PostgresServer(const ServerSettings& settings) : PostgresServer(Empty{}, settings) {
  MustRun({"cp", "-a", "--reflink=auto", Template(), data_dir()});
  while (!TryStart()) port_ = FreePort();
}

std::unique_ptr<PostgresServer> PostgresServer::MakeUnrelated() {
  std::unique_ptr<PostgresServer> stranger(new PostgresServer(Empty{}, {}));
  InitDb(stranger->data_dir());
  while (!stranger->TryStart()) stranger->port_ = FreePort();
  return stranger;
}

std::unique_ptr<PostgresServer> PostgresServer::MakeReplicaOf(const PostgresServer& primary,
                                                              const ServerSettings& settings) {
  ServerSettings own = settings;
  // A replica with lower limits than its primary refuses to start.
  own.emplace("max_connections", primary.settings_.at("max_connections"));
  std::unique_ptr<PostgresServer> replica(new PostgresServer(Empty{}, own));
  MustRun({BinDir() / "pg_basebackup", "--no-sync", "--checkpoint=fast", "--write-recovery-conf",
           "--dbname=" + primary.Dsn("postgres", "postgres"),
           "--pgdata=" + replica->data_dir().string()});
  while (!replica->TryStart()) replica->port_ = FreePort();
  if (!Eventually(kPatience, [&] {
        return replica->QueryOne("SELECT status FROM pg_stat_wal_receiver") == "streaming";
      })) {
    throw std::runtime_error("the replica does not stream:\n" + replica->Log());
  }
  return replica;
}

PostgresServer::~PostgresServer() {
  Kill9();
  // The only resource of a killed server that is not in its directory: line 7 of its lock file
  // names it.
  std::ifstream lock_file(data_dir() / "postmaster.pid");
  std::string line;
  for (int i = 0; i < 7; ++i) std::getline(lock_file, line);
  int key = 0;
  int segment = 0;
  if (std::istringstream(line) >> key >> segment) shmctl(segment, IPC_RMID, nullptr);
}

void PostgresServer::Start() {
  if (!TryStart())
    throw std::runtime_error("port " + std::to_string(port_) + " was taken by another process");
}

bool PostgresServer::TryStart() {
  std::vector<std::string> command{BinDir() / "postgres", "-D", data_dir(), "-p",
                                   std::to_string(port_), "-k", dir_.path()};
  for (const auto& [name, value] : settings_) {
    command.insert(command.end(), {"-c", name + "=" + value});
  }
  postmaster_ = std::make_unique<Process>(
      ProcessOptions{std::move(command), {{"LC_ALL", "C"}}, UnprivilegedUser()});
  try {
    AwaitReady();
  } catch (const std::runtime_error&) {
    if (Log().find("Address already in use") == std::string::npos) throw;
    return false;
  }
  return true;
}

void PostgresServer::AwaitReady() {
  const std::string dsn = SocketDsn("postgres");
  const bool ready = Eventually(
      kPatience, [&] { return !postmaster_->running() || PQping(dsn.c_str()) == PQPING_OK; });
  if (!ready || !postmaster_->running())
    throw std::runtime_error("the server does not start:\n" + Log());
}

void PostgresServer::Stop(StopMode mode) {
  postmaster_->Signal(mode == StopMode::kFast ? SIGINT : SIGQUIT);
  if (!postmaster_->Wait(kPatience))
    throw std::runtime_error("the server does not stop:\n" + Log());
}

void PostgresServer::Restart() {
  Stop();
  Start();
}

void PostgresServer::Kill9() {
  if (!postmaster_ || !postmaster_->running()) return;
  // Suspended first, so that it starts no further child.
  SuspendProcess(postmaster_->pid());
  const std::vector<pid_t> children = ChildrenOf(postmaster_->pid());
  postmaster_->Kill();
  for (const pid_t child : children) kill(child, SIGKILL);
  for (const pid_t child : children) Eventually(kPatience, [child] { return HasExited(child); });
}

void PostgresServer::Suspend() {
  SuspendProcess(postmaster_->pid());
  for (const pid_t child : ChildrenOf(postmaster_->pid())) SuspendProcess(child);
}

void PostgresServer::Resume() {
  for (const pid_t child : ChildrenOf(postmaster_->pid())) kill(child, SIGCONT);
  postmaster_->Signal(SIGCONT);
}

void PostgresServer::Promote() {
  Execute("SELECT pg_promote(true, 180)");
  if (!Eventually(kPatience, [this] { return QueryOne("SELECT pg_is_in_recovery()") == "f"; })) {
    throw std::runtime_error("the replica is not promoted:\n" + Log());
  }
}

void PostgresServer::RewindTo(const PostgresServer& primary) const {
  MustRun({BinDir() / "pg_rewind", "--no-sync", "--write-recovery-conf",
           "--source-server=" + primary.Dsn("postgres", "postgres"),
           "--target-pgdata=" + data_dir().string()});
}

std::string PostgresServer::Dsn(const std::string& user, const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user + " dbname=" + database +
         " password=" + kPassword;
}

std::string PostgresServer::SocketDsn(const std::string& database) const {
  return "host=" + dir_.path().string() + " port=" + std::to_string(port_) +
         " user=postgres dbname=" + database;
}

void PostgresServer::Execute(const std::string& sql, const std::string& database) const {
  Query(SocketDsn(database), sql);
}

void PostgresServer::AlterSystem(const std::string& change, const std::string& database) const {
  Execute("ALTER SYSTEM " + change, database);
  Execute("SELECT pg_reload_conf()", database);
}

std::string PostgresServer::QueryOne(const std::string& sql, const std::string& database) const {
  return Query(SocketDsn(database), sql);
}

std::string PostgresServer::Log() const { return postmaster_ ? postmaster_->Errors() : ""; }

}  // namespace scidex::test
