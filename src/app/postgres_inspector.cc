#include "app/postgres_inspector.h"

#include <utility>

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
  }
  return Inspection::Result::kLost;
}

}  // namespace

Inspection PostgresInspector::Inspect(pool::Connection& connection, base::TimePoint deadline,
                                      const std::stop_token& stop) {
  postgres::ServerFactsResult answer =
      postgres::ReadServerFacts(dynamic_cast<postgres::Session&>(connection), deadline, stop);
  postgres::ServerFacts& facts = answer.facts;
  return {ResultOf(answer.status),
          std::move(answer.message),
          {facts.in_recovery, std::move(facts.system_identifier), facts.wal_position,
           facts.replayed_all_received, facts.wal_receiver_up, facts.since_last_replay}};
}

}  // namespace scidex::app
