#include "pool/stats.h"

namespace scidex::pool {

std::string Summary(const PoolStats& stats) {
  std::string text = std::to_string(stats.in_use) + " in use + " + std::to_string(stats.idle) +
                     " idle + " + std::to_string(stats.connecting) + " connecting of " +
                     std::to_string(stats.max_size) + ", " + std::to_string(stats.waiters) +
                     " waiting";
  if (!stats.oldest_leases.empty()) {
    text += "; longest held by " + base::ToString(stats.oldest_leases.front().borrower);
  }
  return text;
}

}  // namespace scidex::pool
