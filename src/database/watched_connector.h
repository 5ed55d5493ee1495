// A connector that tells of refused logins, and has the log tell what this machine lacks: no probe
// does, as that is no evidence about a server.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "pool/connection.h"

namespace scidex::database {

// Thread safe, as what it calls has to be.
class WatchedConnector final : public pool::Connector {
 public:
  // Of the pool of that name. `on_auth_failed` must not block.
  WatchedConnector(std::string pool, std::shared_ptr<pool::Connector> connector,
                   std::function<void()> on_auth_failed)
      : pool_(std::move(pool)),
        connector_(std::move(connector)),
        on_auth_failed_(std::move(on_auth_failed)) {}

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override {
    pool::ConnectResult result = connector_->Connect(deadline, stop);
    if (result.outcome == pool::ConnectOutcome::kAuthFailed) on_auth_failed_();
    const bool lacks = result.outcome == pool::ConnectOutcome::kLocalFailure;
    if (lacks && !lacked_.exchange(lacks)) {
      base::LogWarn(
          "a connect was not possible on this machine",
          {{"pool", pool_},
           {"error", result.message.ForLog()},
           {"advice", "raise LimitNOFILE= or ulimit -n, or look at the machine's memory"}});
    }
    if (result.outcome == pool::ConnectOutcome::kOk) lacked_ = false;
    return result;
  }

 private:
  const std::string pool_;
  const std::shared_ptr<pool::Connector> connector_;
  const std::function<void()> on_auth_failed_;
  // Since the latest connect that succeeded: it is said once.
  std::atomic<bool> lacked_{false};
};

}  // namespace scidex::database
