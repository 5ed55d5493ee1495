// Times as people and JSON read them.
#pragma once

#include <string>

#include "base/time.h"

namespace scidex::status {

// "2026-11-23T08:00:00.000Z".
std::string IsoTime(base::WallTime time);

// "3 d 4 h", "2 min 5 s", "1.2 s", "250 ms", "80 µs": the two largest units at most.
std::string DurationText(base::Duration duration);

}  // namespace scidex::status
