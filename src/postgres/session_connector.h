// Opens the sessions of one pool.
#pragma once

#include <memory>
#include <string>

#include "pool/connection.h"
#include "postgres/dsn.h"
#include "postgres/open.h"
#include "postgres/options.h"
#include "postgres/resolver.h"
#include "postgres/session.h"

namespace scidex::postgres {

// Thread safe.
class SessionConnector final : public pool::Connector {
 public:
  // `name` is the pool's. Throws DsnError.
  SessionConnector(std::string name, const SessionOptions& options,
                   std::shared_ptr<Resolver> resolver);

  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

  // The server as it may be shown.
  std::string Redacted() const { return dsn_.Redacted(); }

 private:
  std::map<std::string, base::Secret> Overrides() const;
  bool RefusedReadOnly(const Opened& opened) const;
  pool::ConnectResult ShowReadOnly(std::unique_ptr<Session> session,
                                   base::TimePoint deadline) const;

  const std::string name_;
  const SessionOptions options_;
  const Dsn dsn_;
  const std::shared_ptr<Resolver> resolver_;
};

}  // namespace scidex::postgres
