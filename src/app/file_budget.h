// How many files the exporter opens beside its clients' sockets.
#pragma once

#include <cstddef>

#include "config/config.h"

namespace scidex::app {

// An upper bound, so that clients of the HTTP server never take the files that pools and probes
// need.
std::size_t FilesOf(const config::Config& config);

}  // namespace scidex::app
