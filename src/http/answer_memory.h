// Limits the memory of responses that are being sent to clients.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "http/client_list.h"

namespace scidex::http {

class AnswerMemory;

// A share of the memory, released by the destructor.
class AnswerCharge {
 public:
  AnswerCharge() = default;
  AnswerCharge(AnswerMemory& memory, std::size_t size) : memory_(&memory), size_(size) {}
  ~AnswerCharge();
  AnswerCharge(AnswerCharge&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AnswerCharge& operator=(AnswerCharge&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }

  // Splits off `size` bytes, which must not exceed this charge.
  AnswerCharge Split(std::size_t size) {
    size_ -= size;
    return AnswerCharge(*memory_, size);
  }

 private:
  AnswerMemory* memory_ = nullptr;
  std::size_t size_ = 0;
};

// Clients that do not read their responses keep them in memory. If there is no room for a response,
// the client that has read nothing for the longest time is closed. Not thread-safe: use it on one
// io_context only.
class AnswerMemory {
 public:
  explicit AnswerMemory(std::size_t limit) : limit_(limit) {}
  AnswerMemory(const AnswerMemory&) = delete;
  AnswerMemory& operator=(const AnswerMemory&) = delete;

  // The clients that are being sent a response.
  ClientList& readers() { return readers_; }
  std::size_t used() const { return used_; }

  // Waits for room for a response, or for the rest of one that holds `held` bytes already. Returns
  // nothing if there is none in time. A response larger than the limit is admitted when no other is
  // in memory.
  asio::awaitable<std::optional<AnswerCharge>> Reserve(std::size_t size, std::size_t held = 0);

 private:
  friend class AnswerCharge;
  // A reservation that is waiting for room.
  struct Waiter {
    Waiter(AnswerMemory& memory, asio::steady_timer end)
        : all(memory),
          timer(std::move(end)),
          place(all.waiters_.insert(all.waiters_.end(), this)) {}
    ~Waiter() { all.waiters_.erase(place); }

    AnswerMemory& all;
    asio::steady_timer timer;
    std::list<Waiter*>::iterator place;
  };

  bool HasRoom(std::size_t size, std::size_t held) const {
    return used_ == held || used_ + size <= limit_;
  }
  void Release(std::size_t size);

  const std::size_t limit_;
  std::size_t used_ = 0;
  ClientList readers_;
  std::list<Waiter*> waiters_;
};

}  // namespace scidex::http
