// How many files the process may have open.
#pragma once

namespace scidex::base {

// As many as the system lets it: the usual limit of 1,024 is for programs that use select(). Does
// nothing where that fails.
void RaiseFileLimit();

}  // namespace scidex::base
