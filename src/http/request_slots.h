// How many requests are answered at once.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "base/time.h"

namespace scidex::http {

class RequestSlots;

// Holds a slot for as long as it lives.
class SlotGuard {
 public:
  explicit SlotGuard(RequestSlots& slots) : slots_(&slots) {}
  ~SlotGuard();
  SlotGuard(SlotGuard&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
  SlotGuard& operator=(SlotGuard&&) = delete;

 private:
  RequestSlots* slots_;
};

// Slots that requests take in the order in which they came. Not thread safe: for one io_context.
class RequestSlots {
 public:
  struct Patience {
    // Requests that may wait for a slot, and for how long.
    std::size_t max_waiting;
    base::Duration max_wait;
  };

  RequestSlots(std::size_t slots, Patience patience) : free_(slots), patience_(patience) {}
  RequestSlots(const RequestSlots&) = delete;
  RequestSlots& operator=(const RequestSlots&) = delete;

  // Nothing where none is free.
  std::optional<SlotGuard> TryAcquire();
  // Nothing where none became free in time, or too many wait already.
  asio::awaitable<std::optional<SlotGuard>> Acquire();
  // Ends all waiting, now and from now on.
  void Stop();

 private:
  friend class SlotGuard;
  // In the list until it is granted a slot, or gives up.
  struct Waiter {
    Waiter(RequestSlots& slots, asio::steady_timer end)
        : all(slots), timer(std::move(end)), place(all.waiters_.insert(all.waiters_.end(), this)) {}
    ~Waiter() {
      if (!granted) all.waiters_.erase(place);
    }

    RequestSlots& all;
    asio::steady_timer timer;
    bool granted = false;
    std::list<Waiter*>::iterator place;
  };
  void Release();

  std::size_t free_;
  Patience patience_;
  std::list<Waiter*> waiters_;
};

}  // namespace scidex::http
