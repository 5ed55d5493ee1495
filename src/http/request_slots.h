// Limits the number of concurrent requests.
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

// Holds a slot while it exists.
class [[nodiscard]] SlotGuard {
 public:
  explicit SlotGuard(RequestSlots& slots) : slots_(&slots) {}
  ~SlotGuard();
  SlotGuard(SlotGuard&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
  SlotGuard& operator=(SlotGuard&&) = delete;

 private:
  RequestSlots* slots_;
};

// Slots, granted in the order of arrival. Not thread-safe: use it on one io_context only.
class RequestSlots {
 public:
  struct Patience {
    // Maximum number of requests that wait for a slot, and the maximum wait.
    std::size_t max_waiting;
    base::Duration max_wait;
  };

  RequestSlots(std::size_t slots, Patience patience) : free_(slots), patience_(patience) {}
  RequestSlots(const RequestSlots&) = delete;
  RequestSlots& operator=(const RequestSlots&) = delete;

  // Returns nothing if no slot is free.
  std::optional<SlotGuard> TryAcquire();
  // Returns nothing if no slot became free in time, or if too many requests are waiting.
  asio::awaitable<std::optional<SlotGuard>> Acquire();
  std::size_t waiting() const { return waiters_.size(); }
  // Ends all waits, now and from now on.
  void Stop();

 private:
  friend class SlotGuard;
  // In the list until it gets a slot or gives up.
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
