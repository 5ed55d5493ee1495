#include "postgres/server_facts.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "postgres/guard.h"
#include "postgres/server_address.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

using base::MutexLock;
using base::TimePoint;
using routing::ConnectionFacts;
using routing::Inspection;
using routing::ServerFacts;
using QueryStatus = QueryResult::Status;

std::optional<std::uint64_t> Unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The header of an empty page, which precedes a primary's position, cannot be told from the end of
// a record that happens to be there.
// https://github.com/postgres/postgres/blob/master/src/include/access/xlog_internal.h
std::uint64_t WithoutPageHeader(std::uint64_t position) {
  constexpr std::uint64_t kPage = 8192;
  constexpr std::uint64_t kSmallestSegment = 1 << 20;
  constexpr std::uint64_t kHeader = 24;
  constexpr std::uint64_t kHeaderOfSegment = 40;
  if (position % kSmallestSegment == kHeaderOfSegment) return position - kHeaderOfSegment;
  return position % kPage == kHeader ? position - kHeader : position;
}

std::optional<bool> Boolean(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text == "t" || text == "on";
}

std::optional<base::Duration> FromSeconds(const std::string& text) {
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  // More than a century is not a lag, and overflows base::Duration.
  constexpr double kMost = 3.2e9;
  if (text.empty() || *end != '\0' || !std::isfinite(seconds) || seconds > kMost)
    return std::nullopt;
  // Negative if the replica's clock is behind the primary's.
  return std::chrono::round<base::Duration>(std::chrono::duration<double>(std::fmax(seconds, 0.0)));
}

// One value, or no row. More rows or non-numeric text are mistakes.
bool IsLagResult(const QueryResult& answer) {
  if (!answer.rows || PQntuples(answer.rows.get()) > 1) return false;
  const std::string value = Value(answer, 0);
  return value.empty() || FromSeconds(value).has_value();
}

// "xmin:xmax:running,running"
std::optional<routing::TransactionFacts> Transactions(const std::string& text,
                                                      const std::optional<std::uint64_t>& age) {
  const std::string_view view(text);
  const std::size_t first = view.find(':');
  const std::size_t second = view.find(':', first + 1);
  if (first == view.npos || second == view.npos) return std::nullopt;
  const auto xmin = Unsigned(view.substr(0, first));
  const auto xmax = Unsigned(view.substr(first + 1, second - first - 1));
  if (!xmin || !xmax) return std::nullopt;
  routing::TransactionFacts facts{*xmin, *xmax, text};
  if (age) facts.next = *xmax + *age;
  return facts;
}

ConnectionFacts Connections(const QueryResult& answer, int column) {
  const auto next = [&] { return Value(answer, column++); };
  const auto count = [&] { return Unsigned(next()); };
  ConnectionFacts facts;
  facts.role = next();
  facts.database = next();
  facts.max_connections = count().value_or(0);
  facts.reserved = count().value_or(0);
  facts.role_limit = count();
  facts.database_limit = count();
  facts.sessions = count().value_or(0);
  facts.sessions_of_role = count().value_or(0);
  facts.sessions_of_database = count().value_or(0);
  return facts;
}

void Take(Fact fact, const Session& session, const QueryResult& answer, int column,
          ServerFacts& facts) {
  const std::string value = Value(answer, column);
  switch (fact) {
    case Fact::kBackend:
      facts.behind_pooler = !session.IsOfBackend(value);
      break;
    case Fact::kSystemIdentifier:
      if (!value.empty()) facts.system_identifier = value;
      break;
    case Fact::kInstance:
      facts.instance = value;
      break;
    case Fact::kWalPosition:
      facts.wal_position = facts.replayable_position = Unsigned(value);
      if (facts.wal_position && !facts.in_recovery)
        facts.replayable_position = WithoutPageHeader(*facts.wal_position);
      break;
    case Fact::kFlushed:
      facts.flushed_position = Unsigned(value);
      facts.commits_flushed_within = FromSeconds(Value(answer, column + 1));
      break;
    case Fact::kTimeline:
      facts.timeline = Unsigned(value);
      break;
    case Fact::kReachedTimeline:
      facts.reached_timeline = Unsigned(value);
      break;
    case Fact::kTransactions:
      facts.transactions = Transactions(value, Unsigned(Value(answer, column + 1)));
      break;
    case Fact::kCheckpoint:
      facts.checkpoint = Unsigned(value);
      break;
    case Fact::kReplayedAll:
      facts.replayed_all_received = Boolean(value);
      break;
    case Fact::kWalReceiver:
      facts.wal_receiver_up = Boolean(value);
      break;
    case Fact::kLastReplay:
      facts.since_last_replay = FromSeconds(value);
      break;
    case Fact::kReadOnlyByDefault:
      if (!session.read_only()) facts.read_only_by_default = Boolean(value);
      break;
    case Fact::kConnections:
      facts.connections = Connections(answer, column);
      break;
    case Fact::kQueriedLag:
      facts.queried_lag = FromSeconds(value);
      break;
  }
}

Inspection::Result ResultOf(QueryStatus status) {
  switch (status) {
    case QueryStatus::kOk:
      return Inspection::Result::kAnswered;
    case QueryStatus::kRefused:
      return Inspection::Result::kRefused;
    case QueryStatus::kLost:
      return Inspection::Result::kLost;
    case QueryStatus::kTimeout:
      return Inspection::Result::kTimeout;
    case QueryStatus::kNotSent:
      return Inspection::Result::kNotTried;
  }
  return Inspection::Result::kLost;
}

// Whether the error concerns the statement and is permanent. After a cancelled statement, or if the
// server lacks resources, another attempt may succeed.
bool IsLasting(std::string_view sqlstate) {
  for (const char* passing : {"08", "25", "40", "53", "57", "58"}) {
    if (sqlstate.starts_with(passing)) return false;
  }
  return true;
}

// Whether the server will refuse the fact again. The operator's query may be corrected at any time.
bool IsDenied(Fact fact, const QueryResult& answer) {
  return fact != Fact::kQueriedLag && answer.status == QueryStatus::kRefused &&
         IsLasting(answer.sqlstate);
}

bool DeterminesLag(Fact fact) {
  return fact == Fact::kQueriedLag || fact == Fact::kWalPosition || fact == Fact::kTransactions;
}

// Makes the session usable after an error.
void LeaveError(Session& session, TimePoint deadline) {
  if (PQtransactionStatus(session.raw()) != PQTRANS_INERROR) return;
  if (session.by_transaction()) {
    session.BeginReadOnly(deadline);
  } else {
    session.Query("ROLLBACK", deadline);
  }
}

}  // namespace

FactsReader::FactsReader(FactsOptions options, base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Inspection FactsReader::Inspect(pool::Connection& connection, TimePoint deadline,
                                const std::stop_token& stop) {
  return Read(dynamic_cast<Session&>(connection), deadline, stop);
}

bool FactsReader::IsElsewhere(const pool::Connection& connection) const {
  const auto& session = dynamic_cast<const Session&>(connection);
  return options_.judged && !options_.judged->MayBe(session.server_started());
}

Inspection FactsReader::Read(Session& session, TimePoint deadline, const std::stop_token& stop) {
  Inspection inspection = ReadAll(session, deadline, stop);
  if (inspection.result == Inspection::Result::kAnswered) {
    server_started_ = session.server_started();
    inspection.facts.address = AddressOf(session.raw());
    inspection.facts.lag_is_queried = inspection.facts.in_recovery && !options_.lag_query.empty();
  }
  return inspection;
}

void FactsReader::OnAnswered() {
  if (options_.judged) options_.judged->SetIfUnknown(server_started_);
}

void FactsReader::OnJudged() {
  if (options_.judged) options_.judged->Set(server_started_);
}

Inspection FactsReader::ReadAll(Session& session, TimePoint deadline, const std::stop_token& stop) {
  const Facts wanted = Wanted();
  Facts together = wanted;
  together[Fact::kQueriedLag] = false;
  QueryResult answer = Ask(session, together, deadline, stop);
  if (answer.status == QueryStatus::kRefused)
    return ReadOneByOne(session, wanted, std::move(answer), deadline, stop);
  Inspection inspection{ResultOf(answer.status), answer.message, {}};
  if (answer.status != QueryStatus::kOk) return inspection;
  ServerFacts& facts = inspection.facts;
  int column = 0;
  facts.in_recovery = Value(answer, column++) == "t";
  for (const Fact fact : base::kEnumValues<Fact>) {
    if (!together[fact]) continue;
    OnReported(fact);
    Take(fact, session, answer, column, facts);
    column += SqlOf(fact, 0).count;
  }
  if (wanted[Fact::kQueriedLag] && facts.in_recovery)
    AddFact(Fact::kQueriedLag, session, deadline, stop, facts);
  return inspection;
}

// An error is a response too: only the refused facts are missing.
Inspection FactsReader::ReadOneByOne(Session& session, const Facts& wanted, QueryResult refusal,
                                     TimePoint deadline, const std::stop_token& stop) {
  LeaveError(session, deadline);
  const QueryResult recovery = Ask(session, {}, deadline, stop);
  Inspection inspection;
  if (recovery.status == QueryStatus::kOk) {
    inspection.facts.in_recovery = Value(recovery, 0) == "t";
  } else if (recovery.status == QueryStatus::kRefused && session.ReportedInRecovery()) {
    inspection.facts.in_recovery = *session.ReportedInRecovery();
  } else {
    // A statement that was cancelled repeatedly proves nothing about the server.
    inspection.result = recovery.sqlstate == kQueryCanceled ? Inspection::Result::kNotTried
                                                            : ResultOf(recovery.status);
    inspection.message =
        recovery.status == QueryStatus::kRefused ? refusal.message : recovery.message;
    return inspection;
  }
  inspection.result = Inspection::Result::kAnswered;
  for (const Fact fact : base::kEnumValues<Fact>) {
    if (!wanted[fact] || (fact == Fact::kQueriedLag && !inspection.facts.in_recovery)) continue;
    if (AddFact(fact, session, deadline, stop, inspection.facts)) continue;
    // The facts that follow are not known either.
    inspection.facts.lag_facts_failed = true;
    break;
  }
  return inspection;
}

bool FactsReader::AddFact(Fact fact, Session& session, TimePoint deadline,
                          const std::stop_token& stop, ServerFacts& facts) {
  Facts alone{};
  alone[fact] = true;
  const QueryResult answer = Ask(session, alone, deadline, stop);
  if (answer.status == QueryStatus::kOk) {
    OnReported(fact);
    Take(fact, session, answer, fact == Fact::kQueriedLag ? 0 : 1, facts);
    return true;
  }
  if (DeterminesLag(fact) && !IsDenied(fact, answer)) facts.lag_facts_failed = true;
  if (answer.status == QueryStatus::kRefused) {
    OnRefused(fact, answer);
    LeaveError(session, deadline);
  }
  return answer.status == QueryStatus::kRefused;
}

FactsReader::Facts FactsReader::Wanted() const {
  const TimePoint now = clock_.Now();
  Facts wanted{};
  MutexLock lock(mutex_);
  for (const Fact fact : base::kEnumValues<Fact>) wanted[fact] = ask_again_[fact] <= now;
  if (!options_.connections) wanted[Fact::kConnections] = false;
  if (options_.lag_query.empty()) wanted[Fact::kQueriedLag] = false;
  return wanted;
}

QueryResult FactsReader::Ask(Session& session, const Facts& wanted, TimePoint deadline,
                             const std::stop_token& stop) const {
  if (wanted[Fact::kQueriedLag]) {
    QueryResult answer = QueryGuarded(session, options_.lag_query, deadline, stop,
                                      SearchPath::kOfRole, CancelTime::kBeforeDeadline);
    if (answer.status == QueryStatus::kOk && !IsLagResult(answer)) {
      answer.status = QueryStatus::kRefused;
      answer.message = {"the result is not one number of seconds or NULL", ""};
    }
    return answer;
  }
  std::string columns;
  std::string from;
  int count = 1;
  for (const Fact fact : base::kEnumValues<Fact>) {
    if (!wanted[fact]) continue;
    const FactSql sql = SqlOf(fact, PQserverVersion(session.raw()));
    columns.append(", ").append(sql.columns);
    from.append(sql.from);
    count += sql.count;
  }
  const std::string query = "SELECT r.in_recovery" + columns +
                            " FROM (SELECT pg_is_in_recovery() AS in_recovery) r" + from;
  QueryResult answer = QueryGuarded(session, query, deadline, stop);
  if (answer.status == QueryStatus::kOk && (!answer.rows || PQntuples(answer.rows.get()) != 1 ||
                                            PQnfields(answer.rows.get()) != count)) {
    answer.status = QueryStatus::kLost;
    answer.message = {"the response of the server does not match the query", ""};
  }
  return answer;
}

void FactsReader::OnRefused(Fact fact, const QueryResult& refusal) {
  {
    MutexLock lock(mutex_);
    if (IsDenied(fact, refusal)) ask_again_[fact] = base::Add(clock_.Now(), kAskAgainAfter);
    if (std::exchange(refused_[fact], true)) return;
  }
  base::LogWarn(
      "the server does not report a fact",
      {{"server", options_.name}, {"fact", base::Name(fact)}, {"error", refusal.message.ForLog()}});
}

void FactsReader::OnReported(Fact fact) {
  MutexLock lock(mutex_);
  refused_[fact] = false;
}

}  // namespace scidex::postgres
