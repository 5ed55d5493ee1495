// What the HTTP server is told. The values here are the defaults.
#pragma once

#include <string>
#include <vector>

namespace scidex::http {

struct ServerOptions {
  // host:port or :port, IPv4; port 0 lets the kernel choose. At least one.
  std::vector<std::string> listen_addresses{":19187"};
  // Connections served at once, each by a thread; more wait. At least 1.
  int max_requests = 16;
};

}  // namespace scidex::http
