// Durations as people write them: "500ms", "5s", "1m30s", "1h".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace scidex::config {

// Whole numbers with a unit of ns, us, ms, s, m, h or d, one after the other. Nothing for anything
// else, for a number without a unit, and for what does not fit.
std::optional<base::Duration> ParseDuration(std::string_view text);

// The shortest text of whole units that ParseDuration() reads back as `duration`, which is not
// negative.
std::string FormatDuration(base::Duration duration);

}  // namespace scidex::config
