// Opens the sessions of one pool.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/hangup_watch.h"
#include "base/secret.h"
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
  // `name` is the pool's. Throws DsnError.
  SessionConnector(std::string name, const SessionOptions& options,
                   std::shared_ptr<Resolver> resolver, std::shared_ptr<base::HangupWatch> hangups);

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

  // The server as it may be shown.
  std::string Redacted() const { return dsn_.Redacted(); }

 private:
  // Whether the startup packet has the setting.
  enum class Startup { kPlain, kReadOnly };

  pool::ConnectResult TryConnect(base::TimePoint deadline, const std::stop_token& stop) noexcept;
  std::map<std::string, base::Secret> Overrides(Startup startup) const;
  // Nothing where the other kind of startup packet is to be tried.
  std::optional<pool::ConnectResult> ConnectWith(Startup startup, base::TimePoint deadline,
                                                 const std::stop_token& stop);
  // "pid of the backend, start of the server" and `columns`; tells the session what it learns.
  QueryResult AskForServer(Session& session, const std::string& columns, base::TimePoint deadline,
                           const std::stop_token& stop);
  pool::ConnectResult Introduce(std::unique_ptr<Session> session, base::TimePoint deadline,
                                const std::stop_token& stop);
  std::optional<pool::ConnectResult> ShowReadOnly(std::unique_ptr<Session> session, Startup startup,
                                                  base::TimePoint deadline,
                                                  const std::stop_token& stop);

  const std::string name_;
  const SessionOptions options_;
  const Dsn dsn_;
  const std::shared_ptr<Resolver> resolver_;
  const std::shared_ptr<base::HangupWatch> hangups_;
  // What the last session was opened to: with which startup packet the next one is tried first.
  std::atomic<bool> behind_pooler_{false};
  // The server did not refuse to tell when it was started.
  std::atomic<bool> tells_start_{true};
};

}  // namespace scidex::postgres
