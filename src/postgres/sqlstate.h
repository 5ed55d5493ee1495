// The SQLSTATEs that are relevant to a pool.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
#pragma once

#include <string>
#include <string_view>

#include "pool/connection.h"

namespace scidex::postgres {

inline constexpr std::string_view kFeatureNotSupported = "0A000";
inline constexpr std::string_view kReadOnlySqlTransaction = "25006";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kQueryCanceled = "57014";

// Five digits or capital letters.
bool IsSqlState(std::string_view text);

// " (SQLSTATE 28P01)", or "" for "".
std::string InBrackets(std::string_view sqlstate);

// The SQLSTATE in a verbose error message of libpq ("FATAL:  28P01: password …"), or "".
std::string SqlStateIn(std::string_view message);

// Whether the server ends the session after a message of this severity.
bool EndsSession(std::string_view severity);
// Whether the server is shutting down, or restarting after a crash.
bool MeansShutdown(std::string_view sqlstate);
// Whether a pooler reports with this SQLSTATE, in an error of any severity, that the session is
// unusable. From a server, an error of class 08 may concern its own connection to a foreign server.
bool MeansLost(std::string_view sqlstate);

// The outcome of a connect that the server refused with this SQLSTATE.
pool::ConnectOutcome ConnectOutcomeOf(std::string_view sqlstate);

}  // namespace scidex::postgres
