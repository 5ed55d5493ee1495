// Validates the values of libpq keywords. PQconninfoParse() accepts any value; the error would only
// occur at the first connect, and look like a server that is down.
// Source: PostgreSQL documentation, "Parameter Key Words" (libpq-connect), versions 15 to 17.
#pragma once

#include <string>
#include <string_view>

namespace scidex::postgres {

// Returns why libpq rejects the value, such as "gssencmode must be one of disable, prefer,
// require", without the value, which may be a secret. Empty if the value is valid, and for all
// other keywords. Thread-safe.
std::string WhyNoValue(std::string_view keyword, std::string_view value);

}  // namespace scidex::postgres
