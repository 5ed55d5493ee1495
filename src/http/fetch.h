// A minimal client for this program's own server on this machine.
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

// Sends GET `target` to the first of `addresses` that accepts a connection and responds. Does not
// verify the certificate with TLS, because it names the server for other machines: send no secrets,
// and trust the response only as far as this machine's own addresses. Throws std::runtime_error
// with a readable message if no response of at most 1 MiB arrives before `deadline`.
Fetched Fetch(const std::vector<Address>& addresses, bool tls, const std::string& target,
              base::TimePoint deadline);

}  // namespace scidex::http
