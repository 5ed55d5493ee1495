// Clients, ordered by their last activity.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>

#include "base/time.h"
#include "http/client.h"

namespace scidex::http {

// One list for each kind of wait: for a request, for a handshake, for a client to read a response.
// Not thread-safe.
class ClientList {
 private:
  struct Waiting {
    Client* client;
    base::TimePoint since;
  };

 public:
  // Keeps a client in the list while it exists. Must not outlive the client.
  class Entry {
   public:
    Entry(ClientList& all, Client& client)
        : all_(all),
          place_(all.clients_.insert(all.clients_.end(), {&client, client.deadline.Now()})) {}
    ~Entry() { all_.clients_.erase(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Records activity of the client.
    void Touch() {
      place_->since = place_->client->deadline.Now();
      all_.clients_.splice(all_.clients_.end(), all_.clients_, place_);
    }

   private:
    ClientList& all_;
    std::list<Waiting>::iterator place_;
  };

  std::size_t size() const { return clients_.size(); }

  // Returns the client, or null if none is left to close that has been idle for at least
  // `min_idle`. Its file is closed soon afterwards.
  Client* CloseLongestIdle(base::Duration min_idle = base::Duration::zero());

 private:
  std::list<Waiting> clients_;
};

// How long a client may be idle before others are closed to make room rather than this one: it can
// send its request, or read on.
inline constexpr auto kMinIdle = std::chrono::milliseconds(100);

// Closes a client to make room for another: an idle one, otherwise one that does not read its
// response. Those that have been waiting for less than kMinIdle come last, the idle ones first:
// a burst of idle clients must not close one that is reading. Returns null if both lists have none.
Client* CloseForRoom(ClientList& idle, ClientList& readers);

}  // namespace scidex::http
