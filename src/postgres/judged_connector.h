// Opens a pool's sessions to the server that its probe judges, and to no other.
#pragma once

#include <memory>

#include "pool/connection.h"
#include "postgres/judged_server.h"

namespace scidex::postgres {

// Thread-safe.
class JudgedConnector final : public pool::Connector {
 public:
  // `connector` opens postgres::Session.
  JudgedConnector(std::shared_ptr<pool::Connector> connector,
                  std::shared_ptr<const JudgedServer> judged);

  // Where a name leads to several servers, another one may answer the next time: a few are tried.
  // Then kOtherServer. A session that is returned is lent only while its server is the one that is
  // judged.
  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

 private:
  const std::shared_ptr<pool::Connector> connector_;
  const std::shared_ptr<const JudgedServer> judged_;
};

}  // namespace scidex::postgres
