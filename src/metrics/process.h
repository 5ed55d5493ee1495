// What Linux says of this process.
#pragma once

#include "metrics/snapshot.h"

namespace scidex::metrics {

// Reads /proc/self alone, so that it works where the rest of /proc is hidden; where it is not there
// at all, what it would tell is not told. Thread safe. Throws std::runtime_error where it is there
// and cannot be read.
ProcessStats ReadProcess();

}  // namespace scidex::metrics
