// DSNs with several hosts of which one is down: it must not hide what the others answer.

#include <gtest/gtest.h>

#include <string>

#include "integration/pool_on_server.h"
#include "support/eventually.h"
#include "support/free_port.h"

namespace scidex::test {
namespace {

using pool::ConnectOutcome;

class SeveralHosts : public PoolOnServer {
 protected:
  // The server, and then a host that is down.
  static base::Secret ThenOneThatIsDown(const std::string& password) {
    return base::Secret("host=127.0.0.1,127.0.0.1 port=" + std::to_string(server_->port()) + "," +
                        std::to_string(FreePort()) + " user=app dbname=app password=" + password);
  }
  // The first outcome with which the pool fails to connect.
  ConnectOutcome FirstFailure() {
    options_.min_idle = 1;
    Open();
    ConnectOutcome first = ConnectOutcome::kOk;
    EXPECT_TRUE(Eventually(kPatience, [&] {
      for (const ConnectOutcome outcome : base::kEnumValues<ConnectOutcome>) {
        if (Connects(outcome) > 0) first = outcome;
      }
      return first != ConnectOutcome::kOk;
    }));
    return first;
  }
};

TEST_F(SeveralHosts, AFullServerIsReportedAsFull) {
  server_->Execute("ALTER ROLE app CONNECTION LIMIT 0");
  session_.dsn = ThenOneThatIsDown(PostgresServer::kPassword);
  EXPECT_EQ(FirstFailure(), ConnectOutcome::kTooManyConnections);
  server_->Execute("ALTER ROLE app CONNECTION LIMIT -1");
}

TEST_F(SeveralHosts, ARefusedLoginIsReportedAsRefused) {
  session_.dsn = ThenOneThatIsDown("wrong");
  EXPECT_EQ(FirstFailure(), ConnectOutcome::kAuthFailed);
  EXPECT_NE(pool_->Stats().last_connect_message.find("28P01"), std::string::npos);
}

TEST_F(SeveralHosts, OneThatIsUpIsUsed) {
  session_.dsn = ThenOneThatIsDown(PostgresServer::kPassword);
  Open();
  EXPECT_GT(NextPid(), 0);
}

}  // namespace
}  // namespace scidex::test
