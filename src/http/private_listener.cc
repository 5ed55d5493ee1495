#include "http/private_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <system_error>

#include "http/error.h"

namespace scidex::http {
namespace {

constexpr int kPrivateBacklog = 1024;

[[noreturn]] void Fail(const std::string& what) {
  throw ServerError("cannot make a private socket: " + what + ": " +
                    std::generic_category().message(errno));
}

// A directory that no other user can enter, for as long as this lives.
class PrivateDirectory {
 public:
  PrivateDirectory() {
    for (const char* parent : std::initializer_list<const char*>{
             std::getenv("RUNTIME_DIRECTORY"), std::getenv("TMPDIR"), "/tmp", "/dev/shm"}) {
      if (parent == nullptr || *parent == '\0') continue;
      path_ = std::string(parent) + "/scidex_pg_exporter.XXXXXX";
      // Its name must leave room for the socket's in an address.
      if (path_.size() + 8 < sizeof(sockaddr_un::sun_path) && mkdtemp(path_.data()) != nullptr) {
        return;
      }
    }
    Fail("no directory can be written; set TMPDIR to one that can");
  }
  ~PrivateDirectory() { rmdir(path_.c_str()); }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

PrivateListener::PrivateListener()
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!listener_.valid()) Fail("socket");
  const PrivateDirectory directory;
  const std::string name = directory.path() + "/http";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.c_str(), name.size());
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Fail(name);
  }
  file_ = base::UniqueFd(open(name.c_str(), O_PATH | O_CLOEXEC));
  unlink(name.c_str());
  if (!file_.valid() || listen(listener_.get(), kPrivateBacklog) != 0) Fail(name);
  path_ = "/proc/self/fd/" + std::to_string(file_.get());
  if (access("/proc/self/fd", X_OK) != 0) Fail("/proc/self/fd");
}

}  // namespace scidex::http
