#include "http/client.h"

#include <poll.h>

namespace scidex::http {

bool HasHungUp(const Client& client) {
  // Reading is no means to know: what the client has sent before stands in front of the end.
  pollfd socket{const_cast<ClientSocket&>(client.socket).native_handle(), POLLRDHUP, 0};
  return poll(&socket, 1, 0) > 0;
}

}  // namespace scidex::http
