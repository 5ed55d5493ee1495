// What runs on a timer, and how often. The values here are the defaults.
#pragma once

#include <chrono>

#include "base/time.h"

namespace scidex::control {

struct ProbeOptions {
  base::Duration interval = std::chrono::seconds(1);
  // For one probe: connecting, if need be, and asking.
  base::Duration timeout = std::chrono::seconds(1);
};

struct PoolLoggerOptions {
  base::Duration interval = std::chrono::seconds(3600);
};

}  // namespace scidex::control
