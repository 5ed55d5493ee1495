#include "postgres/libpq_warnings.h"

#include <sys/stat.h>

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "postgres/libpq_files.h"

namespace scidex::postgres {
namespace {

// OpenSSL's PEM_BUFSIZE without the terminating NUL.
constexpr std::size_t kMaxPassphrase = 1023;
// Cannot exist, because its parent is not a directory.
constexpr const char* kNoFile = "/dev/null/pgpass";

// Why libpq would ignore the file with a warning; "" if it would not.
std::string ProblemWith(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return "";
  if (!S_ISREG(facts.st_mode)) return "it is not a plain file";
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return "users other than its owner may access it; set its mode to 0600";
  return "";
}

// Returns true once for each pair.
bool IsNew(const std::string& path, const std::string& problem) {
  static base::Mutex mutex;
  static std::set<std::pair<std::string, std::string>>& told =
      *new std::set<std::pair<std::string, std::string>>;
  const base::MutexLock lock(mutex);
  return told.emplace(path, problem).second;
}

}  // namespace

void PreventWarnings(const Dsn& dsn, std::map<std::string, base::Secret>& parameters) {
  if (dsn.Get("sslpassword", parameters).size() > kMaxPassphrase) {
    throw std::invalid_argument("sslpassword is longer than " + std::to_string(kMaxPassphrase) +
                                " bytes, the limit of OpenSSL");
  }
  // libpq then looks for no other password.
  if (!dsn.Get("password", parameters).empty()) return;
  std::string path = dsn.Get("passfile", parameters);
  if (path.empty()) path = HomeDirectory() + "/.pgpass";
  const std::string problem = ProblemWith(path);
  if (problem.empty()) return;
  if (IsNew(path, problem)) {
    base::LogWarn("the password file is ignored", {{"file", path}, {"reason", problem}});
  }
  parameters.insert_or_assign("passfile", base::Secret(kNoFile));
}

}  // namespace scidex::postgres
