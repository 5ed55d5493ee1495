// The addresses that the server listens on.
#pragma once

#include <netinet/in.h>

#include <string>

namespace scidex::http {

// "127.0.0.1:19187", or ":19187" for every IPv4 address of the machine; port 0 lets the kernel
// choose. Throws ServerError for anything else.
sockaddr_in ParseAddress(const std::string& text);

// "127.0.0.1:19187".
std::string ToString(const sockaddr_in& address);

// Throws ServerError, with the kernel's reason, where a server that sets SO_REUSEADDR could not
// listen on `address` now.
void CheckCanListen(const sockaddr_in& address);

}  // namespace scidex::http
