// Clients, ordered by their last activity.
#pragma once

#include <cstddef>
#include <list>

#include "http/client.h"

namespace scidex::http {

// One list for each kind of wait: for a request, for a handshake, for a client to read a response.
// Not thread-safe.
class ClientList {
 public:
  // Keeps a client in the list while it exists. Must not outlive the client.
  class Entry {
   public:
    Entry(ClientList& all, Client& client)
        : all_(all), place_(all.clients_.insert(all.clients_.end(), &client)) {}
    ~Entry() { all_.clients_.erase(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Records activity of the client.
    void Touch() { all_.clients_.splice(all_.clients_.end(), all_.clients_, place_); }

   private:
    ClientList& all_;
    std::list<Client*>::iterator place_;
  };

  std::size_t size() const { return clients_.size(); }

  // Returns the client, or null if none is left to close. Its file is closed soon afterwards.
  Client* CloseLongestIdle() {
    for (Client* const client : clients_) {
      if (client->deadline.interrupted()) continue;
      client->deadline.Interrupt();
      return client;
    }
    return nullptr;
  }

 private:
  std::list<Client*> clients_;
};

}  // namespace scidex::http
