#include "app/postgres_inspector.h"

#include <utility>

#include "postgres/canary.h"
#include "postgres/server_facts.h"
#include "postgres/session.h"

namespace scidex::app {
namespace {

using control::Inspection;
using postgres::QueryResult;

Inspection::Result ResultOf(QueryResult::Status status) {
  switch (status) {
    case QueryResult::Status::kOk:
      return Inspection::Result::kAnswered;
    case QueryResult::Status::kRefused:
      return Inspection::Result::kRefused;
    case QueryResult::Status::kLost:
      return Inspection::Result::kLost;
    case QueryResult::Status::kTimeout:
      return Inspection::Result::kTimeout;
    case QueryResult::Status::kNotSent:
      return Inspection::Result::kNotTried;
  }
  return Inspection::Result::kLost;
}

control::Trial::Result ResultOf(postgres::CanaryResult::Status status) {
  switch (status) {
    case postgres::CanaryResult::Status::kRefused:
      return control::Trial::Result::kRefused;
    case postgres::CanaryResult::Status::kAccepted:
      return control::Trial::Result::kAccepted;
    case postgres::CanaryResult::Status::kNotTried:
      return control::Trial::Result::kNotTried;
    case postgres::CanaryResult::Status::kUnknown:
      return control::Trial::Result::kUnknown;
  }
  return control::Trial::Result::kUnknown;
}

control::ConnectionFacts ConnectionsOf(postgres::ConnectionFacts&& facts) {
  return {std::move(facts.instance), std::move(facts.role), std::move(facts.database),
          facts.max_connections,     facts.reserved,        facts.role_limit,
          facts.database_limit,      facts.sessions,        facts.sessions_of_role,
          facts.sessions_of_database};
}

}  // namespace

Inspection PostgresInspector::Inspect(pool::Connection& connection, base::TimePoint deadline,
                                      const std::stop_token& stop) {
  postgres::ServerFactsResult answer =
      postgres::ReadServerFacts(dynamic_cast<postgres::Session&>(connection), deadline, stop);
  postgres::ServerFacts& facts = answer.facts;
  return {
      ResultOf(answer.status),
      std::move(answer.message),
      {facts.in_recovery, std::move(facts.system_identifier), facts.wal_position, facts.timeline,
       facts.replayed_all_received, facts.wal_receiver_up, facts.since_last_replay,
       ConnectionsOf(std::move(facts.connections)), facts.behind_pooler}};
}

control::Trial PostgresInspector::TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                           const std::stop_token& stop) {
  postgres::CanaryResult canary =
      postgres::TryWrite(dynamic_cast<postgres::Session&>(connection), deadline, stop);
  return {ResultOf(canary.status), canary.in_recovery, std::move(canary.message)};
}

}  // namespace scidex::app
