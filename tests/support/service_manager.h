// A service manager as a process sees it: the socket of NOTIFY_SOCKET.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace scidex::test {

// Not thread safe.
class ServiceManagerSocket {
 public:
  ServiceManagerSocket()
      : address_((dir_.path() / "notify").string()),
        fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, address_.c_str(), sizeof name.sun_path - 1);
    if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
      throw std::runtime_error("cannot bind " + address_);
  }

  // The value of NOTIFY_SOCKET.
  const std::string& address() const { return address_; }

  // Sends itself messages until no more fit, as if the manager did not read. Returns their number.
  int Fill() const {
    const base::UniqueFd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un name{};
    socklen_t size = sizeof name;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    int count = 0;
    while (sendto(sender.get(), "FULL", 4, 0, reinterpret_cast<const sockaddr*>(&name), size) == 4)
      ++count;
    return count;
  }

  // The messages since the previous call, in the order of their arrival.
  std::vector<std::string> TakeMessages() {
    std::vector<std::string> messages;
    std::array<char, 4096> text{};
    for (ssize_t got = 0; (got = recv(fd_.get(), text.data(), text.size(), 0)) >= 0;)
      messages.emplace_back(text.data(), static_cast<std::size_t>(got));
    return messages;
  }

 private:
  const TempDir dir_;
  const std::string address_;
  const base::UniqueFd fd_;
};

}  // namespace scidex::test
