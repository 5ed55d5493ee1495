#include "app/postgres_inspector.h"

#include <utility>

#include "postgres/canary.h"
#include "postgres/session.h"

namespace scidex::app {
namespace {

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

}  // namespace

control::Trial PostgresInspector::TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                           const std::stop_token& stop) {
  postgres::CanaryResult canary =
      postgres::TryWrite(dynamic_cast<postgres::Session&>(connection), deadline, stop);
  return {ResultOf(canary.status), canary.in_recovery, std::move(canary.message)};
}

}  // namespace scidex::app
