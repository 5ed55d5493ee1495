// A connector that tells of refused logins.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "pool/connection.h"

namespace scidex::database {

// Thread safe, as what it calls has to be.
class WatchedConnector final : public pool::Connector {
 public:
  // `on_auth_failed` must not block.
  WatchedConnector(std::shared_ptr<pool::Connector> connector, std::function<void()> on_auth_failed)
      : connector_(std::move(connector)), on_auth_failed_(std::move(on_auth_failed)) {}

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override {
    pool::ConnectResult result = connector_->Connect(deadline, stop);
    if (result.outcome == pool::ConnectOutcome::kAuthFailed) on_auth_failed_();
    return result;
  }

 private:
  const std::shared_ptr<pool::Connector> connector_;
  const std::function<void()> on_auth_failed_;
};

}  // namespace scidex::database
