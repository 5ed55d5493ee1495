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
  // ":19187" and "[::]:19187": all addresses of the machine, IPv6 and IPv4.
  bool every = false;
};

// Parses "127.0.0.1:19187", "[::1]:19187", ":19187" (all addresses of the machine) or
// "localhost:19187" (all addresses to which the name resolves). With port 0 the kernel chooses a
// port. Throws AddressError if the text is invalid.
std::vector<Address> ParseAddress(const std::string& text);

// Parses each text. Throws AddressError also if two of them overlap, so that one process could not
// listen on both.
std::vector<std::vector<Address>> ParseAddresses(const std::vector<std::string>& texts);

// The addresses at which a client on the same machine reaches a server that listens on `text`:
// loopback first if it listens on all addresses.
std::vector<Address> AddressesToReach(const std::string& text);

// "127.0.0.1:19187", "[::1]:19187".
std::string ToString(const Address& address);

// Returns a non-blocking listener, whose clients' sockets have the options that a server of
// responses needs. On a machine without IPv6, "all addresses" means those of IPv4. Throws
// ServerError with the kernel's reason.
base::UniqueFd Listen(const Address& address);
// Listens on all addresses of a name, on the same port. Addresses that the machine lacks (mostly
// IPv6) are skipped, unless no other is left.
std::vector<base::UniqueFd> Listen(std::vector<Address> addresses);

// The address of a listening socket, with the actual port instead of 0.
Address AddressOf(int listener);
// The port number of an IPv4 or IPv6 address.
int PortOf(const Address& address);

}  // namespace scidex::http
