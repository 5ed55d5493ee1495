// Turns host names into addresses under a deadline. PQconnectStart resolves names itself, without
// one, and getaddrinfo cannot be interrupted: a stuck resolver would hold up whoever asks, shutdown
// included.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"

namespace scidex::postgres {

// Thread safe.
class Resolver {
 public:
  struct Result {
    // Numeric addresses, in the resolver's order; empty if it failed.
    std::vector<std::string> addresses;
    // Why it failed.
    std::string error;
    // It failed because this process lacks something; counted already.
    bool local_failure = false;
  };

  // Looks a name up, for as long as it takes.
  using LookUp = std::function<Result(const std::string& host)>;

  // With getaddrinfo().
  Resolver();
  explicit Resolver(LookUp look_up);
  ~Resolver();

  // Returns by `deadline`, or when `stop` is stopped. Callers that ask for the same name share one
  // look-up, so that a stuck resolver costs one thread a name, which ends when the resolver gives
  // up.
  Result Resolve(const std::string& host, base::TimePoint deadline, const std::stop_token& stop);

 private:
  struct Pending;
  struct Shared;

  const LookUp look_up_;
  // Owned by the look-ups too: they may outlive the resolver.
  std::shared_ptr<Shared> shared_;
};

}  // namespace scidex::postgres
