// A turn for one client at a time. The client that came last is the next one.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <list>
#include <utility>

#include "http/client.h"

namespace scidex::http {

// If clients come faster than they can be served, the order of arrival makes all of them wait, most
// of them until they give up. In this order a new client is served soon, and those that have waited
// longest are closed. Not thread-safe: use it on one io_context only.
class NewestFirst {
 public:
  // The turn, until this ends or is destroyed. Must not outlive the NewestFirst.
  class [[nodiscard]] Turn {
   public:
    explicit Turn(NewestFirst& all) : all_(&all) {}
    ~Turn() { End(); }
    Turn(Turn&& other) noexcept : all_(std::exchange(other.all_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;

    void End() {
      if (NewestFirst* const all = std::exchange(all_, nullptr)) all->Next();
    }

   private:
    NewestFirst* all_;
  };

  NewestFirst() = default;
  NewestFirst(const NewestFirst&) = delete;
  NewestFirst& operator=(const NewestFirst&) = delete;

  // Throws asio::system_error if the wait is cancelled. The client must outlive the wait.
  asio::awaitable<Turn> Await(const Client& client);
  // Ends the wait of a client that waits for its turn.
  void Cancel(const Client& client);

 private:
  // In the list until it gets the turn or is destroyed.
  struct Waiter {
    Waiter(NewestFirst& turns, const Client& waiting, asio::steady_timer end)
        : all(turns),
          client(waiting),
          timer(std::move(end)),
          place(turns.waiters_.insert(turns.waiters_.end(), this)) {}
    ~Waiter() {
      if (!granted) all.waiters_.erase(place);
    }

    NewestFirst& all;
    const Client& client;
    asio::steady_timer timer;
    bool granted = false;
    std::list<Waiter*>::iterator place;
  };
  void Next();

  bool taken_ = false;
  std::list<Waiter*> waiters_;
};

}  // namespace scidex::http
