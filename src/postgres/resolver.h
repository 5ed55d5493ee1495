// Resolves host names under a deadline. PQconnectStart resolves names itself, without a deadline,
// and getaddrinfo cannot be interrupted: a stuck resolver would block all callers, including
// shutdown.
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
    // Numeric addresses in the resolver's order; empty on failure.
    std::vector<std::string> addresses;
    // Why it failed.
    std::string error;
    // It failed because this process lacks a resource; already counted.
    bool local_failure = false;
    // The name does not exist, as opposed to a temporary failure.
    bool no_such_name = false;
  };

  // Looks up a name; may block indefinitely.
  using LookUp = std::function<Result(const std::string& host)>;

  // Maximum number of concurrent lookups, each on its own thread; others wait.
  static constexpr std::size_t kMaxLookUps = 8;
  // Time for which the last addresses of a name are used while lookups fail.
  static constexpr base::Duration kKeptFor = std::chrono::minutes(10);

  // Uses getaddrinfo(). `clock` must outlive the resolver and its lookups.
  explicit Resolver(base::Clock& clock = base::RealClock());
  explicit Resolver(LookUp look_up, base::Clock& clock = base::RealClock());
  ~Resolver();

  // Returns by `deadline`, or when `stop` is stopped. Concurrent calls for one name share a
  // lookup, so a stuck resolver costs one thread per name, which ends when the resolver gives up.
  // If the lookup fails, or does not end within half of the time, returns the last known addresses
  // of the name; but not if the answer is that the name does not exist.
  Result Resolve(const std::string& host, base::TimePoint deadline, const std::stop_token& stop);

 private:
  struct Pending;
  struct Shared;

  // Shared with the lookups, which may outlive the resolver.
  std::shared_ptr<Shared> shared_;
};

}  // namespace scidex::postgres
