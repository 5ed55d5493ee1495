#include "support/temp_dir.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace scidex::test {

namespace fs = std::filesystem;

TempDir::TempDir(const std::string& owner) {
  std::string name = "/tmp/scidex-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
  if (owner.empty()) return;
  const passwd* user = getpwnam(owner.c_str());
  if (user == nullptr || chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) {
    fs::remove(path_);
    throw std::runtime_error("cannot give " + name + " to user " + owner);
  }
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempDir::Write(const std::string& name, const std::string& content) const {
  const fs::path file = path_ / name;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  out << content << std::flush;
  struct stat dir {};
  if (!out || stat(path_.c_str(), &dir) != 0 || chown(file.c_str(), dir.st_uid, dir.st_gid) != 0)
    throw std::runtime_error("cannot write " + file.string());
  return file;
}

}  // namespace scidex::test
