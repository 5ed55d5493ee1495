#include "http/private_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <system_error>

#include "base/thread.h"
#include "http/error.h"

namespace scidex::http {
namespace {

constexpr int kPrivateBacklog = 1024;
constexpr const char* kSocket = "/http";

[[noreturn]] void Fail(const std::string& what) {
  throw ServerError("cannot make a private socket: " + what + ": " +
                    std::generic_category().message(errno));
}

// Creates a directory that other users cannot enter.
std::string MakePrivateDirectory() {
  for (const char* parent : std::initializer_list<const char*>{
           std::getenv("RUNTIME_DIRECTORY"), std::getenv("TMPDIR"), "/tmp", "/dev/shm"}) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string path = std::string(parent) + "/scidex_pg_exporter.XXXXXX";
    // The path of the socket must fit into a socket address.
    if (path.size() + 8 < sizeof(sockaddr_un::sun_path) && mkdtemp(path.data()) != nullptr)
      return path;
  }
  Fail("no directory is writable; set TMPDIR to a writable one");
}

}  // namespace

PrivateListener::Name::~Name() { Remove(); }

void PrivateListener::Name::Remove() {
  if (directory.empty()) return;
  unlink((directory + kSocket).c_str());
  rmdir(directory.c_str());
  directory.clear();
}

PrivateListener::PrivateListener()
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!listener_.valid()) Fail("socket");
  // One that ends the process would leave the name behind.
  const base::SignalsBlocked signals_blocked;
  name_.directory = MakePrivateDirectory();
  path_ = name_.directory + kSocket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_.get(), kPrivateBacklog) != 0) {
    Fail(path_);
  }
  // Without /proc, the name must remain.
  if (access("/proc/self/fd", X_OK) != 0) return;
  file_ = base::UniqueFd(open(path_.c_str(), O_PATH | O_CLOEXEC));
  if (!file_.valid()) Fail(path_);
  name_.Remove();
  path_ = "/proc/self/fd/" + std::to_string(file_.get());
}

}  // namespace scidex::http
