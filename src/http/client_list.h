// Clients in the order in which they were last heard of.
#pragma once

#include <cstddef>
#include <list>

#include "http/client.h"

namespace scidex::http {

// There is one for each way to wait for a client: for its request, its handshake, its reading of an
// answer. Not thread safe.
class ClientList {
 public:
  // A client is in the list for as long as this lives, which must not be longer than the client.
  class Entry {
   public:
    Entry(ClientList& all, Client& client)
        : all_(all), place_(all.clients_.insert(all.clients_.end(), &client)) {}
    ~Entry() { all_.clients_.erase(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // The client has just been heard of.
    void Touch() { all_.clients_.splice(all_.clients_.end(), all_.clients_, place_); }

   private:
    ClientList& all_;
    std::list<Client*>::iterator place_;
  };

  std::size_t size() const { return clients_.size(); }

  // False where there is no client that could be closed. The client's file is closed soon after.
  bool CloseLongestIdle() {
    for (Client* const client : clients_) {
      if (client->deadline.interrupted()) continue;
      client->deadline.Interrupt();
      return true;
    }
    return false;
  }

 private:
  std::list<Client*> clients_;
};

}  // namespace scidex::http
