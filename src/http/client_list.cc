#include "http/client_list.h"

#include <array>
#include <utility>

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
  const std::array<std::pair<ClientList*, base::Duration>, 3> lists{
      {{&idle, kMinIdle}, {&readers, kMinUnread}, {&handshakes, kMinHandshake}}};
  for (const auto& [list, min_idle] : lists) {
    if (Client* const client = list->CloseLongestIdle(min_idle)) return client;
  }
  if (victims == Victims::kStale) return nullptr;
  for (const auto& [list, min_idle] : lists) {
    if (Client* const client = list->CloseLongestIdle()) return client;
  }
  return nullptr;
}

}  // namespace scidex::http
