// For a pool on a clock that a test moves.
#pragma once

#include <cstddef>

#include "pool/options.h"

namespace scidex::test {

// Options of a pool that opens no connection before one is needed, and that neither closes nor
// reports one because of its age.
inline pool::PoolOptions UntimedPool(std::size_t max_size) {
  pool::PoolOptions options;
  options.min_idle = 0;
  options.max_size = max_size;
  options.max_lifetime = options.idle_timeout = options.leak_after = base::Duration::zero();
  return options;
}

}  // namespace scidex::test
