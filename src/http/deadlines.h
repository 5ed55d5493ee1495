// Deadlines of sockets.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/time.h"

namespace scidex::http {

class Deadline;

// All deadlines of a front. An expired deadline shuts its socket down, and whatever waits for the
// socket sees that as if the peer had closed it. No function calls into a connection, so no
// callback can outlive one. Not thread-safe.
class Deadlines {
 public:
  explicit Deadlines(const base::Clock& clock) : clock_(clock) {}
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  base::TimePoint Now() const { return clock_.Now(); }
  // Returns the earliest deadline, or kNever. `on_earlier` is called when a deadline earlier than
  // the last returned one is set.
  base::TimePoint Next();
  void OnEarlier(std::function<void()> on_earlier) { on_earlier_ = std::move(on_earlier); }

  // Expires the deadlines that have passed.
  void Expire();
  // Interrupts all sockets, now and from now on.
  void Stop();

 private:
  friend class Deadline;
  using Queue = std::multimap<base::TimePoint, Deadline*>;

  const base::Clock& clock_;
  // Deadlines that are not set are at kNever.
  Queue queue_;
  base::TimePoint waited_for_ = base::kNever;
  std::function<void()> on_earlier_;
  bool stopped_ = false;
};

// The deadline of one socket. Must not outlive the socket or the Deadlines.
class Deadline {
 public:
  enum class Ends {
    kReading,  // shuts down reading only; a response can still be written
    kBoth,
  };

  Deadline(Deadlines& all, int socket);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Replaces the previous deadline, whether or not it has expired.
  void Set(base::TimePoint at, Ends ends);
  void Clear() { Set(base::kNever, Ends::kBoth); }
  // The time of the clock by which it expires.
  base::TimePoint Now() const { return all_.Now(); }
  // Whether the deadline that was set last has expired.
  bool expired() const { return expired_; }

  // Shuts the socket down permanently.
  void Interrupt();
  // Thread-safe.
  bool interrupted() const { return interrupted_; }

 private:
  friend class Deadlines;
  void Expire();

  Deadlines& all_;
  const int socket_;
  Ends ends_ = Ends::kBoth;
  bool expired_ = false;
  std::atomic<bool> interrupted_ = false;
  Deadlines::Queue::iterator place_;
};

}  // namespace scidex::http
