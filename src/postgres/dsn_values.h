// Validates the values of libpq keywords. PQconninfoParse() accepts any value; the error would only
// occur at the first connect, look like a server that is down, and quote the value.
// Source: PostgreSQL documentation, "Parameter Key Words" (libpq-connect), versions 15 to 17.
#pragma once

#include <string>
#include <string_view>

namespace scidex::postgres {

// Returns why the value is invalid, such as "gssencmode must be one of disable, prefer,
// require", without the value, which may be a secret. Empty if the value is valid, and for all
// other keywords. Thread-safe.
std::string WhyNoValue(std::string_view keyword, std::string_view value);

}  // namespace scidex::postgres
