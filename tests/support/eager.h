// For a scheduler on a clock that a test moves.
#pragma once

#include "base/executor.h"

namespace scidex::test {

// A thread is added immediately if work would otherwise wait for one.
inline constexpr base::ExecutorOptions kEager{.grow_after = base::Duration::zero()};

}  // namespace scidex::test
