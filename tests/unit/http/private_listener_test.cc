#include "http/private_listener.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "http/backend.h"
#include "support/temp_dir.h"
#include "unit/http/fixture.h"

namespace {

bool terminated_before_rmdir = false;

}  // namespace

// In place of the C library's.
extern "C" int rmdir(const char* path) noexcept {
  if (terminated_before_rmdir) raise(SIGTERM);
  return static_cast<int>(syscall(SYS_rmdir, path));
}

namespace scidex::http {
namespace {

// 0, or the errno.
int ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const base::UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
             ? 0
             : errno;
}

std::string NameOf(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return address.sun_path;
}

TEST(HttpPrivateListener, ThisProcessConnectsToItAsOftenAsItLikes) {
  const PrivateListener listener;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ConnectTo(listener.path()), 0);
    EXPECT_TRUE(base::UniqueFd(accept(listener.socket(), nullptr, nullptr)).valid());
  }
}

TEST(HttpPrivateListener, LeavesNoFileThatAnotherProcessCouldFind) {
  const PrivateListener listener;
  const std::string name = NameOf(listener.socket());
  EXPECT_EQ(ConnectTo(name), ENOENT) << name;
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(name).parent_path()));
}

TEST(HttpPrivateListener, TerminatedMeanwhileTheProcessLeavesNoFile) {
  const test::TempDir folder;
  EXPECT_EXIT(
      {
        setenv("RUNTIME_DIRECTORY", folder.path().c_str(), 1);
        terminated_before_rmdir = true;
        const PrivateListener listener;
      },
      testing::KilledBySignal(SIGTERM), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Lines of the kernel's table that listen on an address of IPv4: state 0A.
int ListenersOfIPv4() {
  std::ifstream table("/proc/self/net/tcp");
  int listeners = 0;
  for (std::string line; std::getline(table, line);) {
    listeners += line.find(" 00000000:0000 0A ") != std::string::npos ? 1 : 0;
  }
  return listeners;
}

TEST(HttpBackend, ListensOnNoPort) {
  // Other programs may listen meanwhile; one attempt without them is enough.
  bool held = false;
  for (int i = 0; i < 20 && !held; ++i) {
    const int before = ListenersOfIPv4();
    const Backend backend(1, [](const Request&) { return Text("here"); });
    held = ListenersOfIPv4() <= before;
  }
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace scidex::http
