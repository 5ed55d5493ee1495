// Formatting of times and durations for people and JSON.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"

namespace scidex::status {

// "2026-11-23T08:00:00.000Z".
std::string IsoTime(base::WallTime time);

// "2026-11-23 08:00:00" in UTC, for people.
std::string TimeText(base::WallTime time);

// "3 d 4 h", "2 min 5 s", "1.2 s", "250 ms", "80 µs": at most the two largest units. A
// negative duration is shown as "0 µs".
std::string DurationText(base::Duration duration);

// Concatenates the parts.
std::string Joined(std::initializer_list<std::string_view> parts);

}  // namespace scidex::status
