#include "postgres/libpq_files.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "base/quoted.h"
#include "base/read_file.h"

namespace scidex::postgres {
namespace {

// Returns whether reading the file could block or fill memory; false if it would not be read.
bool MayBlock(const std::string& path) {
  struct stat facts {};
  if (path.empty() || stat(path.c_str(), &facts) != 0) return false;
  return !S_ISREG(facts.st_mode) || facts.st_size > static_cast<off_t>(base::kMaxFileBytes);
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string HomeDirectory() {
  std::string home = Variable("HOME");
  if (!home.empty()) return home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : found->pw_dir;
}

// https://www.postgresql.org/docs/current/libpq-ssl.html
void CheckTlsFiles(const Dsn& dsn, const std::map<std::string, base::Secret>& parameters) {
  constexpr std::array<std::array<const char*, 2>, 4> kFiles{{{"sslcert", "postgresql.crt"},
                                                              {"sslkey", "postgresql.key"},
                                                              {"sslrootcert", "root.crt"},
                                                              {"sslcrl", "root.crl"}}};
  for (const auto& [keyword, by_default] : kFiles) {
    std::string path = dsn.Get(keyword, parameters);
    if (path.empty()) path = HomeDirectory() + "/.postgresql/" + by_default;
    if (MayBlock(path)) {
      throw std::invalid_argument("the file of " + std::string(keyword) +
                                  " is not a regular file of at most 1 MiB");
    }
  }
}

// https://www.postgresql.org/docs/current/libpq-pgservice.html
void CheckServiceFiles() {
  if (Variable("PGSERVICE").empty()) return;
  std::string own = Variable("PGSERVICEFILE");
  // libpq quotes it in its messages, also if it is a DSN with a password.
  if (!base::MayBeAPath(own)) throw DsnError("PGSERVICEFILE must be a path");
  if (own.empty()) own = HomeDirectory() + "/.pg_service.conf";
  const std::string folder = Variable("PGSYSCONFDIR");
  if (MayBlock(own) || (!folder.empty() && MayBlock(folder + "/pg_service.conf"))) {
    throw DsnError("PGSERVICE is set, and the service file is not a regular file of at most 1 MiB");
  }
}

}  // namespace scidex::postgres
