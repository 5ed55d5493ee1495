// Versions of the libraries that this layer was built with.
#pragma once

#include <string>

namespace scidex::postgres {

// "6.4.5"
std::string LibpqxxVersion();

}  // namespace scidex::postgres
