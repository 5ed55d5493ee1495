// For a scheduler on a clock that a test moves.
#pragma once

#include "base/executor.h"

namespace scidex::test {

// A thread is added at once where work would wait for one: no time has to pass for that.
inline constexpr base::ExecutorOptions kEager{.grow_after = base::Duration::zero()};

}  // namespace scidex::test
