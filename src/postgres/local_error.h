// Detects from libpq's messages that this process, not the server, lacks a resource.
#pragma once

#include <optional>
#include <string_view>

#include "base/local_failure.h"

namespace scidex::postgres {

// The resource that a message of libpq reports as missing; empty for all other messages.
std::optional<base::LocalResource> LocalResourceIn(std::string_view message);

// Throws base::LocalFailure if the message reports a missing resource.
void ThrowIfLocal(std::string_view message);

}  // namespace scidex::postgres
