// When sockets are no longer waited for.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/time.h"

namespace scidex::http {

class Deadline;

// All deadlines of a front. None of its functions calls into a connection: an expired deadline
// shuts its socket down, and what waits for the socket finds that out as it would of a peer that
// closed. So nothing runs that could outlive a connection. Not thread safe.
class Deadlines {
 public:
  explicit Deadlines(const base::Clock& clock) : clock_(clock) {}
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  base::TimePoint Now() const { return clock_.Now(); }
  // The earliest deadline, kNever where there is none. `on_earlier` is called when a deadline is
  // set that is earlier than what this returned last.
  base::TimePoint Next();
  void OnEarlier(std::function<void()> on_earlier) { on_earlier_ = std::move(on_earlier); }

  // Ends the waiting whose deadline has come.
  void Expire();
  // Ends all waiting, now and from now on.
  void Stop();

 private:
  friend class Deadline;
  using Queue = std::multimap<base::TimePoint, Deadline*>;

  const base::Clock& clock_;
  // Also those that are not set, at kNever.
  Queue queue_;
  base::TimePoint told_ = base::kNever;
  std::function<void()> on_earlier_;
  bool stopped_ = false;
};

// The deadline of one socket. Must not outlive the socket, nor the Deadlines.
class Deadline {
 public:
  enum class Ends {
    kReading,  // what is read ends; an answer can still be written
    kBoth,
  };

  Deadline(Deadlines& all, int socket);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Replaces the deadline that was set before, whether or not that has expired.
  void Set(base::TimePoint at, Ends ends);
  void Clear() { Set(base::kNever, Ends::kBoth); }
  // Whether the deadline that was set last has come.
  bool expired() const { return expired_; }

  // Ends all waiting for the socket, for good.
  void Interrupt();
  // Thread safe.
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
