// A turn for one client at a time.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <utility>

namespace scidex::http {

// The next client is alternately the one that came last and the one that has waited longest. If
// clients come faster than they can be served, the order of arrival makes all of them wait, most of
// them until they give up; in the reverse order two clients that reconnect repeatedly make others
// wait for as long as they do. Not thread-safe: use it on one io_context only.
class Turns {
 public:
  // The turn, until this ends or is destroyed. Must not outlive the Turns.
  class [[nodiscard]] Turn {
   public:
    explicit Turn(Turns& all) : all_(&all) {}
    ~Turn() { End(); }
    Turn(Turn&& other) noexcept : all_(std::exchange(other.all_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;

    void End() {
      if (Turns* const all = std::exchange(all_, nullptr)) all->Next();
    }

   private:
    Turns* all_;
  };

  // A further client ends the wait of the one that has waited longest.
  explicit Turns(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

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
  bool newest_is_next_ = true;
  std::list<Waiter*> waiters_;
};

}  // namespace scidex::http
