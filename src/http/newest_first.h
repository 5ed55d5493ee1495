// A turn for one client at a time. The client that came last is the next one.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <utility>

namespace scidex::http {

// If clients come faster than they can be served, the order of arrival makes all of them wait, most
// of them until they give up. In this order a new client is served soon, and those that have waited
// longest are refused. Not thread-safe: use it on one io_context only.
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

  // A further client ends the wait of the one that has waited longest.
  explicit NewestFirst(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  NewestFirst(const NewestFirst&) = delete;
  NewestFirst& operator=(const NewestFirst&) = delete;

  // Throws asio::system_error if others end the wait.
  asio::awaitable<Turn> Await();

 private:
  // In the list until its wait is ended or it is destroyed.
  struct Waiter {
    Waiter(std::list<Waiter*>& waiters, asio::steady_timer end)
        : all(waiters), timer(std::move(end)), place(waiters.insert(waiters.end(), this)) {}
    ~Waiter() {
      if (waits) all.erase(place);
    }
    void End(bool with_turn) {
      all.erase(place);
      waits = false;
      granted = with_turn;
      timer.cancel();
    }

    std::list<Waiter*>& all;
    asio::steady_timer timer;
    bool waits = true;
    bool granted = false;
    std::list<Waiter*>::iterator place;
  };
  void Next();

  const std::size_t max_waiting_;
  bool taken_ = false;
  std::list<Waiter*> waiters_;
};

}  // namespace scidex::http
