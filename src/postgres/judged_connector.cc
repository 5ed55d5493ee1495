#include "postgres/judged_connector.h"

#include <new>
#include <utility>

#include "base/clock.h"
#include "base/local_failure.h"
#include "postgres/open.h"
#include "postgres/session.h"

namespace scidex::postgres {

using pool::ConnectOutcome;
using pool::ConnectResult;

JudgedConnector::JudgedConnector(std::shared_ptr<pool::Connector> connector,
                                 std::shared_ptr<const JudgedServer> judged)
    : connector_(std::move(connector)), judged_(std::move(judged)) {}

ConnectResult JudgedConnector::Connect(base::TimePoint deadline,
                                       const std::stop_token& stop) noexcept {
  constexpr int kTries = 4;
  for (int i = 0; i < kTries; ++i) {
    ConnectResult result = connector_->Connect(deadline, stop);
    if (result.outcome != ConnectOutcome::kOk) return result;
    auto& session = static_cast<Session&>(*result.connection);
    if (judged_->MayBe(session.server_started())) {
      session.Follow(judged_);
      return result;
    }
    if (stop.stop_requested() || base::RealClock().Now() >= deadline) break;
  }
  ConnectResult other;
  other.outcome = ConnectOutcome::kOtherServer;
  try {
    other.message = {WordsFor(ConnectOutcome::kOtherServer), ""};
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
  }
  return other;
}

}  // namespace scidex::postgres
