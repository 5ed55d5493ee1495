// What Linux says of this process.
#pragma once

#include "metrics/snapshot.h"

namespace scidex::metrics {

// Reads /proc/self alone, so that it works where the rest of /proc is hidden. Thread safe. Throws
// std::runtime_error where that cannot be read.
ProcessStats ReadProcess();

}  // namespace scidex::metrics
