// The source location of a call, in a form for people and logs.
#pragma once

#include <source_location>
#include <string>

namespace scidex::base {

using CallSite = std::source_location;

// "src/app/report.cc:41 (LoadReport)": the path as passed to the compiler, the function without its
// signature.
std::string ToString(const CallSite& site);

}  // namespace scidex::base
