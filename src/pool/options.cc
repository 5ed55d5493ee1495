#include "pool/options.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace scidex::pool {
namespace {

void Require(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument(what);
}

}  // namespace

void Validate(const PoolOptions& options) {
  Require(options.max_size >= 1, "max_size must be at least 1");
  Require(options.min_idle <= options.max_size, "min_idle (" + std::to_string(options.min_idle) +
                                                    ") must not exceed max_size (" +
                                                    std::to_string(options.max_size) + ")");
  // An acquire waits in the queue for its connect.
  Require(options.max_waiters >= 1, "max_waiters must be at least 1");
  for (const auto& [name, value] : {std::pair{"acquire_timeout", options.acquire_timeout},
                                    std::pair{"connect_timeout", options.connect_timeout},
                                    std::pair{"reset_timeout", options.reset_timeout},
                                    std::pair{"backoff cap", options.backoff.cap},
                                    std::pair{"backoff initial", options.backoff.initial}}) {
    Require(value > base::Duration::zero(), std::string(name) + " must be positive");
  }
  for (const auto& [name, value] :
       {std::pair{"handoff_after", options.handoff_after.value_or(base::Duration::zero())},
        std::pair{"idle_timeout", options.idle_timeout},
        std::pair{"max_lifetime", options.max_lifetime},
        std::pair{"leak_after", options.leak_after}}) {
    Require(value >= base::Duration::zero(), std::string(name) + " must not be negative");
  }
}

}  // namespace scidex::pool
