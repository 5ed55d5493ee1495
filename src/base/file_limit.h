// The limit on open files of the process.
#pragma once

namespace scidex::base {

// Raises the soft limit to the hard limit: the usual limit of 1,024 is for programs that use
// select(). Does nothing if that fails.
void RaiseFileLimit();

}  // namespace scidex::base
