// A connector that reports refused logins and logs local failures, and at level debug each connect.
// Probes do not report local failures, because they are not evidence about a server.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "base/enum.h"
#include "base/log.h"
#include "pool/connection.h"

namespace scidex::database {

// Thread-safe if `connector` and `on_auth_failed` are.
class WatchedConnector final : public pool::Connector {
 public:
  // `pool` is the name of the pool. `on_auth_failed` must not block.
  WatchedConnector(std::string pool, std::shared_ptr<pool::Connector> connector,
                   std::function<void()> on_auth_failed)
      : pool_(std::move(pool)),
        connector_(std::move(connector)),
        on_auth_failed_(std::move(on_auth_failed)) {}

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override {
    pool::ConnectResult result = connector_->Connect(deadline, stop);
    if (base::Logs(base::LogLevel::kDebug)) LogResult(result);
    if (result.outcome == pool::ConnectOutcome::kAuthFailed) on_auth_failed_();
    const bool lacks = result.outcome == pool::ConnectOutcome::kLocalFailure;
    if (lacks && !lacked_.exchange(lacks)) LogLack(result);
    if (result.outcome == pool::ConnectOutcome::kOk) lacked_ = false;
    return result;
  }

 private:
  void LogResult(const pool::ConnectResult& result) const noexcept {
    try {
      base::LogDebug("connect ended", {{"pool", pool_},
                                       {"outcome", base::Name(result.outcome)},
                                       {"error", result.message.ForLog()}});
    } catch (const std::bad_alloc&) {
      // No memory for the message.
    }
  }
  void LogLack(const pool::ConnectResult& result) const noexcept {
    try {
      base::LogWarn("cannot connect because of a local failure",
                    {{"pool", pool_},
                     {"error", result.message.ForLog()},
                     {"advice", "raise LimitNOFILE= or ulimit -n, or check the machine's memory"}});
    } catch (const std::bad_alloc&) {
      // No memory for the message.
    }
  }

  const std::string pool_;
  const std::shared_ptr<pool::Connector> connector_;
  const std::function<void()> on_auth_failed_;
  // A local failure was logged since the last successful connect.
  std::atomic<bool> lacked_{false};
};

}  // namespace scidex::database
