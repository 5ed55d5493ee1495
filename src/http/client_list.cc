#include "http/client_list.h"

namespace scidex::http {

Client* ClientList::CloseLongestIdle(base::Duration min_idle) {
  for (const auto& [client, since] : clients_) {
    if (client->deadline.interrupted()) continue;
    if (client->deadline.Now() - since < min_idle) return nullptr;
    client->deadline.Interrupt();
    return client;
  }
  return nullptr;
}

Client* CloseForRoom(ClientList& idle, ClientList& readers, ClientList& handshakes,
                     Victims victims) {
  if (Client* const client = idle.CloseLongestIdle(kMinIdle)) return client;
  if (Client* const client = readers.CloseLongestIdle(kMinUnread)) return client;
  if (Client* const client = handshakes.CloseLongestIdle(kMinHandshake)) return client;
  if (victims == Victims::kStale) return nullptr;
  if (Client* const client = idle.CloseLongestIdle()) return client;
  if (Client* const client = readers.CloseLongestIdle()) return client;
  return handshakes.CloseLongestIdle();
}

}  // namespace scidex::http
