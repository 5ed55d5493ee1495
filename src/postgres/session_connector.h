// Opens the sessions of one pool.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/hangup_watch.h"
#include "base/secret.h"
#include "base/time.h"
#include "pool/connection.h"
#include "postgres/dsn.h"
#include "postgres/open.h"
#include "postgres/options.h"
#include "postgres/resolver.h"
#include "postgres/session.h"

namespace scidex::postgres {

// Thread-safe.
class SessionConnector final : public pool::Connector {
 public:
  // `name` is the pool's name. `clock` must outlive the connector. Throws DsnError.
  SessionConnector(std::string name, const SessionOptions& options,
                   std::shared_ptr<Resolver> resolver, std::shared_ptr<base::HangupWatch> hangups,
                   base::Clock& clock = base::RealClock());

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

  // A description of the server that is safe to show.
  std::string Redacted() const { return dsn_.Redacted(); }

 private:
  // Whether the startup packet contains the setting.
  enum class Startup { kPlain, kReadOnly };

  pool::ConnectResult TryConnect(base::TimePoint deadline, const std::stop_token& stop) noexcept;
  std::map<std::string, base::Secret> Overrides(Startup startup) const;
  // Returns nothing if the other kind of startup packet must be tried.
  std::optional<pool::ConnectResult> ConnectWith(Startup startup, base::TimePoint deadline,
                                                 const std::stop_token& stop);
  // Queries "backend PID, start time of the server" and `columns`; sets the start time in the
  // session.
  QueryResult AskForServer(Session& session, const std::string& columns, base::TimePoint deadline,
                           const std::stop_token& stop);
  pool::ConnectResult VerifyServer(std::unique_ptr<Session> session, base::TimePoint deadline,
                                   const std::stop_token& stop);
  std::optional<pool::ConnectResult> ShowReadOnly(std::unique_ptr<Session> session, Startup startup,
                                                  base::TimePoint deadline,
                                                  const std::stop_token& stop);

  const std::string name_;
  const SessionOptions options_;
  const Dsn dsn_;
  const std::shared_ptr<Resolver> resolver_;
  const std::shared_ptr<base::HangupWatch> hangups_;
  // Whether the last session was behind a pooler. Determines which startup packet is tried first.
  std::atomic<bool> behind_pooler_{false};
  base::Clock& clock_;
  // A server that refuses to report its start time is asked again from then on.
  std::atomic<base::TimePoint> ask_for_start_at_{base::TimePoint::min()};
};

}  // namespace scidex::postgres
