#include "support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <random>

#include "base/unique_fd.h"

namespace scidex::test {
namespace {

bool PortIsFree(int port) {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

int FreePort() {
  static std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> below_ephemeral(12000, 32000);
  int port = 0;
  do {
    port = below_ephemeral(random);
  } while (!PortIsFree(port));
  return port;
}

}  // namespace scidex::test
