// The errors of a server that cannot start.
#pragma once

#include <stdexcept>

namespace scidex::http {

// The server cannot start. The message names the address or the option, the reason, and a remedy.
class ServerError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An address to listen on is invalid.
class AddressError : public ServerError {
  using ServerError::ServerError;
};

}  // namespace scidex::http
