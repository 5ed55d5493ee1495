// The SQLSTATEs that mean something to a pool.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
#pragma once

#include <string>
#include <string_view>

#include "pool/connection.h"

namespace scidex::postgres {

inline constexpr std::string_view kReadOnlySqlTransaction = "25006";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kQueryCanceled = "57014";

// Five digits and capital letters.
bool IsSqlState(std::string_view text);

// " (SQLSTATE 28P01)", or "" for "".
std::string InBrackets(std::string_view sqlstate);

// The SQLSTATE inside a message that libpq wrote with verbose errors ("FATAL:  28P01: password …"),
// or "".
std::string SqlStateIn(std::string_view message);

// Whether the server ends the session that it sends a message of this severity to.
bool EndsSession(std::string_view severity);
// Whether the server says that it is stopping, or that it restarts after a crash.
bool MeansShutdown(std::string_view sqlstate);
// Whether a pooler says with this SQLSTATE, in an error of any severity, that the session is of no
// use any more. From a server an error of class 08 may be about a connection of its own, to a
// foreign server.
bool MeansLost(std::string_view sqlstate);

// How a connect ended that the server refused with this SQLSTATE.
pool::ConnectOutcome ConnectOutcomeOf(std::string_view sqlstate);

}  // namespace scidex::postgres
