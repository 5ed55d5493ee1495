// A client for one small answer of a server of ours on this machine.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "http/address.h"

namespace scidex::http {

struct Fetched {
  int code = 0;
  std::string body;
};

// GET of `target` at the first of `addresses` that takes the connection. Over TLS the certificate
// is not checked, as it names the server for others: send nothing secret, and believe what this
// machine's own addresses are believed. Throws std::runtime_error for people where there is no
// answer of at most 1 MiB before `deadline`.
Fetched Fetch(const std::vector<Address>& addresses, bool tls, const std::string& target,
              base::TimePoint deadline);

}  // namespace scidex::http
