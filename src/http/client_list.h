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

// A client that has been idle for less than this may be about to send its request, one that has not
// read for less than this may read on, and a handshake may take this long.
inline constexpr auto kMinIdle = std::chrono::milliseconds(100);
inline constexpr auto kMinUnread = std::chrono::seconds(1);
inline constexpr auto kMinHandshake = std::chrono::seconds(1);

enum class Victims {
  // Only those that wait for longer than the times above.
  kStale,
  // If there are none, also others.
  kAny,
};

// Closes a client to make room for another: an idle one, otherwise one that does not read its
// response, otherwise one that has not completed its handshake. Returns null if there is none.
Client* CloseForRoom(ClientList& idle, ClientList& readers, ClientList& handshakes,
                     Victims victims);

}  // namespace scidex::http
