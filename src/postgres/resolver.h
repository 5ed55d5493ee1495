// Turns host names into addresses under a deadline. PQconnectStart resolves names itself, without
// one, and getaddrinfo cannot be interrupted: a stuck resolver would hold up whoever asks, shutdown
// included.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/time.h"

namespace scidex::postgres {

// Thread-safe.
class Resolver {
 public:
  struct Result {
    // Numeric addresses, in the resolver's order; empty if it failed.
    std::vector<std::string> addresses;
    // Why it failed.
    std::string error;
    // It failed because this process lacks something; counted already.
    bool local_failure = false;
    // It was said that there is no such name, as opposed to that nobody knows at the moment.
    bool no_such_name = false;
  };

  // Looks a name up, for as long as it takes.
  using LookUp = std::function<Result(const std::string& host)>;

  // Look-ups under way at once, each of which has a thread: more wait for one to end.
  static constexpr std::size_t kMaxLookUps = 8;
  // How long the addresses of a name are used while it cannot be looked up.
  static constexpr base::Duration kKeptFor = std::chrono::minutes(10);

  // With getaddrinfo(). `clock` outlives the resolver and its
  // look-ups.
  explicit Resolver(base::Clock& clock = base::RealClock());
  explicit Resolver(LookUp look_up, base::Clock& clock = base::RealClock());
  ~Resolver();

  // Returns by `deadline`, or when `stop` is stopped. Callers that ask for the same name share one
  // look-up, so that a stuck resolver costs one thread a name, which ends when the resolver gives
  // up. If the look-up fails, or does not end within half of the time, the addresses that the name
  // had are given; not if the answer is that there is no such name.
  Result Resolve(const std::string& host, base::TimePoint deadline, const std::stop_token& stop);

 private:
  struct Pending;
  struct Shared;

  // Owned by the look-ups too: they may outlive the resolver.
  std::shared_ptr<Shared> shared_;
};

}  // namespace scidex::postgres
