// The facts about a server, and the SQL that reads each of them.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::postgres {

// A server that has denied a fact is asked for it again after this time. The refusal is most likely
// permanent; asking costs a round trip per fact, and lines in the server's log.
inline constexpr base::Duration kAskAgainAfter = std::chrono::minutes(10);

// The facts other than in_recovery. Each can be refused separately.
enum class Fact {
  kBackend,
  kSystemIdentifier,
  kInstance,
  kWalPosition,
  kFlushed,
  kTimeline,
  kReachedTimeline,
  kTransactions,
  kCheckpoint,
  kReplayedAll,
  kWalReceiver,
  kLastReplay,
  kReadOnlyByDefault,
  kConnections,
  kQueriedLag,
};

}  // namespace scidex::postgres

template <>
struct scidex::base::EnumNames<scidex::postgres::Fact> {
  static constexpr std::array<std::string_view, 15> kNames{"backend pid",
                                                           "system identifier",
                                                           "start time",
                                                           "WAL position",
                                                           "flushed WAL",
                                                           "timeline",
                                                           "reached timeline",
                                                           "completed transactions",
                                                           "latest checkpoint",
                                                           "received WAL",
                                                           "WAL receiver",
                                                           "time of the last replayed transaction",
                                                           "default_transaction_read_only",
                                                           "connections",
                                                           "probe.lag_query"};
};

namespace scidex::postgres {

// A fact's part of the query for all facts.
struct FactSql {
  // May refer to `r`, which has in_recovery, and to `from`.
  const char* columns;
  int count = 1;
  const char* from = "";
};

// The number of columns does not depend on the version of the server, which is as in
// PQserverVersion().
FactSql SqlOf(Fact fact, int server_version);

}  // namespace scidex::postgres
