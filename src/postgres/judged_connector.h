// Opens a pool's sessions only to the server that its probe judges.
#pragma once

#include <memory>

#include "pool/connection.h"
#include "postgres/judged_server.h"

namespace scidex::postgres {

// Thread-safe.
class JudgedConnector final : public pool::Connector {
 public:
  // `connector` must open postgres::Session.
  JudgedConnector(std::shared_ptr<pool::Connector> connector,
                  std::shared_ptr<const JudgedServer> judged);

  // If a name leads to several servers, another one may answer the next time: tries a few times,
  // then returns kOtherServer. A returned session is lent only while its server is the judged one.
  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

 private:
  const std::shared_ptr<pool::Connector> connector_;
  const std::shared_ptr<const JudgedServer> judged_;
};

}  // namespace scidex::postgres
