// The number of files that the exporter opens, except its HTTP clients' sockets.
#pragma once

#include <cstddef>

#include "config/config.h"

namespace scidex::app {

// An upper bound, so that HTTP clients never take the files that pools and probes need.
std::size_t FilesOf(const config::Config& config);

}  // namespace scidex::app
