// The values that libpq accepts for keywords of a connection string. PQconninfoParse() accepts any
// value: the error would come with the first connect, and look like a server that is down.
// Source: PostgreSQL documentation, "Parameter Key Words" (libpq-connect), versions 15 to 17.
#pragma once

#include <string>
#include <string_view>

namespace scidex::postgres {

// Why libpq does not accept the value, such as "gssencmode must be one of disable, prefer,
// require"; without the value, which may be a secret. Empty if it accepts it, and for all other
// keywords. Thread safe.
std::string WhyNoValue(std::string_view keyword, std::string_view value);

}  // namespace scidex::postgres
