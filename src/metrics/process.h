// Process metrics as reported by Linux.
#pragma once

#include "metrics/snapshot.h"

namespace scidex::metrics {

// Reads only /proc/self, because other parts of /proc may be hidden; without it, the values are
// empty. Thread-safe. Throws std::runtime_error if it exists and cannot be read.
ProcessStats ReadProcess();

}  // namespace scidex::metrics
