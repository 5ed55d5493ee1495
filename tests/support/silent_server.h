// A server that accepts connections and never responds, like one that is suspended, or behind a
// firewall that drops packets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "base/unique_fd.h"

namespace scidex::test {

// Connections stay in the queue of its socket.
class SilentServer {
 public:
  SilentServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), generic, length) != 0 || listen(listener_.get(), 128) != 0 ||
        getsockname(listener_.get(), generic, &length) != 0) {
      throw std::runtime_error("no socket for a silent server");
    }
    port_ = ntohs(address.sin_port);
  }

  int port() const { return port_; }

 private:
  base::UniqueFd listener_;
  int port_ = 0;
};

}  // namespace scidex::test
