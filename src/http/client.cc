#include "http/client.h"

#include <poll.h>

namespace scidex::http {

namespace {

// Reading cannot tell, because data that the client sent earlier comes before the end.
int StateOf(const Client& client) {
  pollfd socket{const_cast<ClientSocket&>(client.socket).native_handle(), POLLRDHUP, 0};
  return poll(&socket, 1, 0) > 0 ? socket.revents : 0;
}

}  // namespace

bool HasHungUp(const Client& client) { return StateOf(client) != 0; }

bool IsGone(const Client& client) { return (StateOf(client) & (POLLERR | POLLHUP)) != 0; }

}  // namespace scidex::http
