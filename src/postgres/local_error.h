// Tells from libpq's words what this process lacks, and not the server.
#pragma once

#include <optional>
#include <string_view>

#include "base/local_failure.h"

namespace scidex::postgres {

// What a message of libpq says is missing here; empty for all other messages.
std::optional<base::LocalResource> LocalResourceIn(std::string_view message);

// Throws base::LocalFailure if it says so.
void ThrowIfLocal(std::string_view message);

}  // namespace scidex::postgres
