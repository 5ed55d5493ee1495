// Where in the source something was asked for, as people and logs read it.
#pragma once

#include <source_location>
#include <string>

namespace scidex::base {

using CallSite = std::source_location;

// "src/app/report.cc:41 (LoadReport)": the path as the compiler was given it, the function without
// its signature.
std::string ToString(const CallSite& site);

}  // namespace scidex::base
