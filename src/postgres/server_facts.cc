#include "postgres/server_facts.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace scidex::postgres {
namespace {

// pg_is_in_recovery() first: the WAL functions raise an error on the other kind of server.
constexpr const char* kSql = R"(
SELECT r.in_recovery,
       CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier FROM pg_control_system()) END,
       pg_wal_lsn_diff(CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0'),
       r.in_recovery AND pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn(),
       EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL),
       CASE WHEN r.in_recovery THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
  FROM (SELECT pg_is_in_recovery() AS in_recovery) r)";

enum Column {
  kInRecovery,
  kSystemIdentifier,
  kWalPosition,
  kReplayedAll,
  kWalReceiver,
  kSinceReplay
};

std::optional<std::uint64_t> Unsigned(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty()) return std::nullopt;
  return value;
}

std::optional<base::Duration> FromSeconds(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const double seconds = std::strtod(text.c_str(), nullptr);
  // A replica whose clock is behind the primary's is not ahead of it.
  return std::chrono::round<base::Duration>(std::chrono::duration<double>(std::fmax(seconds, 0.0)));
}

}  // namespace

ServerFactsResult ReadServerFacts(Session& session, base::TimePoint deadline,
                                  const std::stop_token& stop) {
  const QueryResult answer = session.Query(kSql, deadline, stop);
  ServerFactsResult result;
  result.status = answer.status;
  result.message = answer.message;
  if (answer.status != QueryResult::Status::kOk) return result;
  ServerFacts& facts = result.facts;
  facts.in_recovery = Value(answer, kInRecovery) == "t";
  if (const std::string id = Value(answer, kSystemIdentifier); !id.empty())
    facts.system_identifier = id;
  facts.wal_position = Unsigned(Value(answer, kWalPosition));
  facts.replayed_all_received = Value(answer, kReplayedAll) == "t";
  facts.wal_receiver_up = Value(answer, kWalReceiver) == "t";
  facts.since_last_replay = FromSeconds(Value(answer, kSinceReplay));
  return result;
}

}  // namespace scidex::postgres
