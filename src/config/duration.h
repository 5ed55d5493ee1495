// Durations in the notation of the configuration file: "500ms", "5s", "1m30s", "1h".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace scidex::config {

// Parses a sequence of whole numbers, each with a unit: ns, us, ms, s, m, h or d. Returns nothing
// for any other text, for a number without a unit, and on overflow.
std::optional<base::Duration> ParseDuration(std::string_view text);

// The shortest text of whole units that ParseDuration() converts back to `duration`, which must not
// be negative.
std::string FormatDuration(base::Duration duration);

}  // namespace scidex::config
