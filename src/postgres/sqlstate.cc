#include "postgres/sqlstate.h"

#include <algorithm>

namespace scidex::postgres {

bool IsSqlState(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

std::string InBrackets(std::string_view sqlstate) {
  return sqlstate.empty() ? "" : " (SQLSTATE " + std::string(sqlstate) + ")";
}

std::string SqlStateIn(std::string_view message) {
  constexpr std::string_view kBefore = ":  ";
  for (std::size_t at = message.find(kBefore); at != std::string_view::npos;
       at = message.find(kBefore, at + 1)) {
    const std::string_view rest = message.substr(at + kBefore.size());
    if (rest.size() > 5 && rest[5] == ':' && IsSqlState(rest.substr(0, 5)))
      return std::string(rest.substr(0, 5));
  }
  return "";
}

bool EndsSession(std::string_view severity) { return severity == "FATAL" || severity == "PANIC"; }

bool MeansShutdown(std::string_view sqlstate) {
  return sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03";
}

bool MeansLost(std::string_view sqlstate) {
  constexpr std::string_view kConnectionExceptions = "08";
  return MeansShutdown(sqlstate) || sqlstate.starts_with(kConnectionExceptions);
}

pool::ConnectOutcome ConnectOutcomeOf(std::string_view sqlstate) {
  using pool::ConnectOutcome;
  if (sqlstate == "28P01" || sqlstate == "28000") return ConnectOutcome::kAuthFailed;
  if (sqlstate == "53300") return ConnectOutcome::kTooManyConnections;
  if (sqlstate == "57P03") return ConnectOutcome::kNotAcceptingConnections;
  return ConnectOutcome::kConnectFailed;
}

}  // namespace scidex::postgres
