#include "metrics/snapshot.h"

namespace scidex::metrics {

std::string Compiler() {
#ifdef __clang__
  return "clang " + std::to_string(__clang_major__) + '.' + std::to_string(__clang_minor__) + '.' +
         std::to_string(__clang_patchlevel__);
#else
  return "gcc " + std::to_string(__GNUC__) + '.' + std::to_string(__GNUC_MINOR__) + '.' +
         std::to_string(__GNUC_PATCHLEVEL__);
#endif
}

const pool::PoolStats& Snapshot::Pool(routing::PoolRole role) const {
  return pools.pools[role] ? *pools.pools[role] : pools.gone[role];
}

}  // namespace scidex::metrics
