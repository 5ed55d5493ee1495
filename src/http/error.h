// What goes wrong when the HTTP server starts.
#pragma once

#include <stdexcept>

namespace scidex::http {

// The server could not start: the message names the address (or the option), says why, and what
// would be right.
class ServerError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace scidex::http
