// The addresses that the server listens on.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace scidex::http {

struct Address {
  sockaddr_storage socket{};
  socklen_t size = 0;
  // ":19187" and "[::]:19187": every address of the machine, of IPv6 and of IPv4.
  bool every = false;
};

// "127.0.0.1:19187", "[::1]:19187", ":19187" for every address of the machine, or
// "localhost:19187": then all the addresses of that name, which is resolved. Port 0 lets the kernel
// choose. Throws ServerError for anything else.
std::vector<Address> ParseAddress(const std::string& text);

// Where a client on the same machine reaches a server that listens on `text`, as above: loopback
// for one that listens on every address.
std::vector<Address> AddressesToReach(const std::string& text);

// "127.0.0.1:19187", "[::1]:19187".
std::string ToString(const Address& address);

// Listens, without blocking in accept(). Where the machine has no IPv6, every address is every
// one of IPv4. Throws ServerError, with the kernel's reason.
base::UniqueFd Listen(const Address& address);
// Listens on all the addresses of a name, on the same port. Those that the machine does not have,
// of IPv6 mostly, are left out unless there is no other.
std::vector<base::UniqueFd> Listen(std::vector<Address> addresses);

// Where a listening socket listens, and its port is what 0 became.
Address AddressOf(int listener);
int PortOf(const Address& address);

}  // namespace scidex::http
