// Tells a child of fork() from the process that made an object: threads, locks and sockets do not
// survive a fork.
#pragma once

#include <cstdint>

namespace scidex::base {

// 0 in the process that first asked, and one more in each generation of children. Costs one relaxed
// load.
std::uint32_t ForkGeneration();

}  // namespace scidex::base
